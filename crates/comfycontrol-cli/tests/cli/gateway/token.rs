use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Limit};
use tempfile::TempDir;

use super::running::{Gateway, gateway};
use crate::support::{Account, Ran};

/// A shell's program that can be changed while it is in use.
struct Script {
    directory: TempDir,
    path: PathBuf,
}

impl Script {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token.sh");
        fs::write(&path, text).unwrap();
        Self { directory, path }
    }

    fn prints(token: &str) -> Self {
        Self::new(&format!("echo {token}\n"))
    }

    fn becomes(&self, text: &str) {
        let next = self.directory.path().join("next.sh");
        fs::write(&next, text).unwrap();
        fs::rename(&next, &self.path).unwrap();
    }
}

fn by_command(account: &Account, path: &Path, more: &[&str]) -> std::process::Command {
    let command = format!("sh {}", path.display());
    let arguments = [&["--token-command", &command][..], more].concat();
    let mut command = gateway(account, &arguments);
    command.env_remove("COMFYCONTROL_TOKEN");
    // For the shell's programs.
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_wait_while_the_token_is_replaced_go_on_and_the_page_shows_it() {
    let limit = Limit::new(4, Duration::from_secs(1)).unwrap();
    let account = Account::of(Emulator::builder().limit(limit)).await;
    let script = Script::prints(&account.token);
    let mut running = Gateway::of(by_command(&account, &script.path, &["--quota", "4/1"]));
    let before = running.state()["token"].clone();
    assert_eq!(
        (&before["generation"], &before["error"]),
        (&1.into(), &().into())
    );
    let calls: Vec<_> = (0..10).map(|_| running.begin("/v1/user", "")).collect();
    running.line();
    let next = account.emulator.tokens().create("next", None);
    script.becomes(&format!("echo {next}\n"));
    account.emulator.tokens().revoke("test");
    for call in calls {
        let response = tokio::task::block_in_place(|| call.join()).unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    }
    let after = running.state()["token"].clone();
    assert_eq!(
        (&after["generation"], &after["error"]),
        (&2.into(), &().into())
    );
    assert_ne!(before["fingerprint"], after["fingerprint"]);
    assert_eq!(account.emulator.edge().throttled(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_gives_no_token_is_told_of_before_it_listens() {
    let account = Account::of(Emulator::builder()).await;
    for (text, complaint) in [
        ("exit 3", "ended with code 3"),
        ("echo hunter2 is no token", "token"),
        ("echo", "token"),
        ("head -c 100000 /dev/zero | tr '\\0' a", "more than a token"),
    ] {
        let script = Script::new(&format!("echo hunter2 >&2\n{text}\n"));
        let ran = Ran::of(by_command(&account, &script.path, &[]));
        assert_eq!((ran.code, &*ran.out), (Some(3), ""), "{text}: {ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{text}: {ran:?}");
        assert!(ran.err.contains("no usable token"), "{text}: {ran:?}");
        assert!(ran.err.contains(complaint), "{text}: {ran:?}");
        assert!(!ran.err.contains("hunter2"), "{text}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_hangs_is_told_of_in_time() {
    let account = Account::of(Emulator::builder()).await;
    let script = Script::new("exec sleep 600\n");
    let ran = Ran::of(by_command(&account, &script.path, &[]));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("no usable token"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_command_fails_callers_read_the_401_and_nothing_shows_what_it_printed() {
    let account = Account::of(Emulator::builder().limit(None)).await;
    let script = Script::prints(&account.token);
    let mut running = Gateway::of(by_command(&account, &script.path, &[]));
    assert!(running.get("/v1/user", "").starts_with("HTTP/1.1 200"));
    let next = account.emulator.tokens().create("next", None);
    script.becomes(&format!("echo {next} hunter2; echo {next} >&2; exit 1\n"));
    account.emulator.tokens().revoke("test");
    let mut shown = running.get("/v1/user", "");
    assert!(shown.starts_with("HTTP/1.1 401"), "{shown}");
    let token = running.state()["token"].clone();
    assert_eq!(token["is_unauthorized"], true, "{token}");
    for path in ["/_/state", "/_/metrics", "/_/ready", "/_/"] {
        shown += &running.get(path, "");
    }
    shown += &running.line();
    shown += &running.line();
    running.terminate();
    shown += &running.rest();
    for secret in [&*account.token, &next, "hunter2"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
