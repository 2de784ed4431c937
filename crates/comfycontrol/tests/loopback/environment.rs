//! Proxies, and what the environment says.

use std::net::Ipv4Addr;
use std::time::Duration;

use comfycontrol::{Client, InvalidConfig, TransportError, TransportErrorKind};
use comfycontrol_emulator::Emulator;
use comfycontrol_test::{Unserved, once_more};
use http::Version;
use tokio::net::TcpListener;

use super::proxy;
use super::support::builder;

#[tokio::test]
async fn the_environment_gives_token_and_proxy_but_this_machine_is_asked_directly() {
    let emulator = Emulator::builder().start().await.unwrap();
    let trap = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = format!("http://{}", trap.local_addr().unwrap());
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), emulator.ca_der()).unwrap();
    let mut child = once_more("environment::child_asks_for_the_user");
    child
        .env(
            "COMFYCONTROL_TOKEN",
            format!("{}\n", emulator.tokens().create("child", None)),
        )
        .env("COMFYCONTROL_BASE_URL", "https://evil.example")
        .env("CHILD_CA", ca.path())
        .env("CHILD_HTTP", emulator.http_url())
        .env("CHILD_HTTPS", emulator.https_url());
    for variable in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(variable, &proxy);
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let status = tokio::task::spawn_blocking(move || child.status())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success());
    assert_eq!(emulator.captured_requests().len(), 2);
    let connected = tokio::time::timeout(Duration::from_millis(50), trap.accept()).await;
    assert!(connected.is_err(), "the proxy was asked");
}

#[tokio::test]
#[ignore = "run by the test above, with an environment of its own"]
async fn child_asks_for_the_user() {
    let variable = |name| std::env::var(name).unwrap();
    let ca = std::fs::read(variable("CHILD_CA")).unwrap();
    let builder = || Client::builder().root_certificate(ca.clone());
    let client = builder().build().unwrap();
    assert_eq!(client.base_url().unwrap(), "https://api.comfycontrol.app/");
    for url in ["CHILD_HTTP", "CHILD_HTTPS"] {
        let client = builder().base_url(variable(url)).build().unwrap();
        client.get("/v1/user").send().await.unwrap();
    }
    // The proxy is there for the rest of the world.
    assert!(
        builder()
            .proxy(variable("HTTP_PROXY"))
            .build()
            .unwrap()
            .limiter()
            .unwrap()
            .same_limiter(client.limiter().unwrap())
    );
}

#[test]
fn a_proxy_variable_that_names_no_proxy_is_no_direct_connection() {
    let variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    for variable in variables {
        for value in [
            "http://user:hidden pass@proxy.example:1",
            "ftp://proxy.example",
        ] {
            let mut child = once_more("environment::child_builds_a_client");
            for other in variables {
                child.env_remove(other);
            }
            let child = child
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
        refused.as_cause::<InvalidConfig>().unwrap().setting()
    );
    // A client that says so connects directly.
    Client::builder().no_proxy().build().unwrap();
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_proxy_s_password_stays_there() {
    let emulator = Emulator::builder().start().await.unwrap();
    for scheme in ["http", "socks5h"] {
        emulator.clear_captured_requests();
        let (proxy, asked) = proxy::start(scheme == "http").await;
        let client = builder(&emulator)
            .base_url(elsewhere(&emulator))
            .proxy(format!("{scheme}://user:p@ss@{proxy}"))
            .build()
            .unwrap();
        let response = client.get("/v1/user").send().await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        let asked = asked.await.unwrap();
        if scheme == "http" {
            assert!(asked.starts_with("CONNECT localhost.:"), "{asked}");
            // user:p@ss
            assert!(asked.contains("Basic dXNlcjpwQHNz"), "{asked}");
        } else {
            assert_eq!(asked, "user p@ss localhost.");
        }
        assert!(!asked.contains("cfc_"));
        assert!(
            emulator.captured_requests()[0]
                .headers()
                .get("proxy-authorization")
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let emulator = Emulator::builder().start().await.unwrap();
    let unserved = Unserved::new();
    let url = format!("http://user:hidden@{}", unserved.address());
    let client = builder(&emulator).base_url(elsewhere(&emulator)).proxy(url);
    let client = client.build().unwrap();
    let failed = client.post("/v1/user").send().await.unwrap_err();
    assert_eq!(
        failed.as_cause::<TransportError>().unwrap().kind(),
        TransportErrorKind::Proxy
    );
    assert!(!format!("{failed:?} {failed:#} {client:?}").contains("hidden"));
}

/// The emulator, by a name that is not one of this machine: those are reached without a proxy.
fn elsewhere(emulator: &Emulator) -> String {
    emulator.https_url().replace("localhost", "localhost.")
}
