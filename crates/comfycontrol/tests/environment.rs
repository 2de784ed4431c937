//! What the environment may do to a client, tried in a program of its own.

use std::process::Command;

use comfycontrol::Client;

#[test]
fn a_proxy_variable_that_names_no_proxy_is_no_direct_connection() {
    let variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    for variable in variables {
        for value in [
            "http://user:hidden pass@proxy.example:1",
            "ftp://proxy.example",
        ] {
            // A program's own environment cannot be changed safely, so this one is started once more.
            let mut child = Command::new(std::env::current_exe().unwrap());
            for other in variables {
                child.env_remove(other);
            }
            let child = child
                .args([
                    "--exact",
                    "child_builds_a_client",
                    "--ignored",
                    "--nocapture",
                ])
                .env("COMFYCONTROL_TOKEN", "cfc_environment0")
                .env(variable, value)
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&child.stdout);
            assert!(child.status.success(), "{told}");
            let expected = format!("proxy: {variable} does not hold a proxy: give http://");
            assert!(told.contains(&expected), "{told}");
            assert!(
                !told.contains("hidden") && !told.contains("example"),
                "{told}"
            );
        }
    }
}

#[test]
#[ignore = "run by the test above, with an environment of its own"]
fn child_builds_a_client() {
    let refused = Client::from_env().unwrap_err();
    println!(
        "{}: {refused:#} {refused:?}",
        refused.as_config().unwrap().setting()
    );
    // Whoever says so is connected directly.
    Client::builder().no_proxy().build().unwrap();
}
