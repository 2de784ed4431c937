use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use comfycontrol_emulator::Emulator;
use tempfile::TempDir;

use crate::support::{Account, Ran, program};

/// A server that takes 4 requests in a second, and some hundred runners in pages.
async fn account() -> Account {
    Account::of_four_in(1, Emulator::builder().runners(450)).await
}

fn budget() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("budget");
    (directory, path)
}

/// Reads all pages.
fn runners(account: &Account, budget: &str) -> Command {
    let mut command = account.command(&["runners", "--quota", "4/1", "--budget", budget]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn all_of_it(child: Child) {
    let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), &*told, printed.lines().count()),
        (Some(0), "", 450)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_at_once_and_one_after_the_other_are_throttled_never() {
    let account = account().await;
    let (_directory, path) = budget();
    let start = || runners(&account, path.to_str().unwrap()).spawn().unwrap();
    let together = [start(), start()];
    together.into_iter().for_each(all_of_it);
    all_of_it(start());
    let edge = account.emulator.edge();
    assert!(edge.requests() >= 15, "{}", edge.requests());
    assert_eq!(edge.throttled(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_share_nothing_overrun_each_other() {
    let account = account().await;
    let start = || runners(&account, "off").spawn().unwrap();
    let mut together = [start(), start(), start()];
    let edge = account.emulator.edge();
    let throttled = async {
        while edge.throttled() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(30), throttled).await;
    for child in &mut together {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(seen.is_ok(), "nobody was throttled");
}

/// Twice the window and what may be on its way is what a record that was lost costs: 23 s.
#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "a program that runs knows no other time"
)]
async fn the_first_command_of_all_begins_at_once() {
    let account = Account::open().await;
    let (_directory, path) = budget();
    let began = tokio::time::Instant::now();
    account
        .run(&["whoami", "--budget", path.to_str().unwrap()])
        .printed();
    assert!(began.elapsed() < Duration::from_secs(15));
    assert!(path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_has_a_budget_of_its_own_unless_told() {
    let account = Account::open().await;
    let port = account
        .emulator
        .http_url()
        .rsplit_once(':')
        .unwrap()
        .1
        .to_owned();
    let doctor = |budget: Option<&str>| {
        let mut command = account.command(&["doctor"]);
        match budget {
            Some(budget) => command.env("COMFYCONTROL_BUDGET", budget),
            None => command.env_remove("COMFYCONTROL_BUDGET"),
        };
        let printed = Ran::of(command).printed();
        printed.lines().next().unwrap().to_owned()
    };
    let shared = doctor(None);
    let path = shared
        .strip_prefix("ok     budget      shared by ")
        .unwrap();
    assert!(
        path.ends_with(&format!("127.0.0.1_3a{port}.budget")),
        "{path}"
    );
    std::fs::remove_dir_all(format!("{path}.members")).unwrap();
    std::fs::remove_file(path).unwrap();

    let (_directory, path) = budget();
    let named = doctor(path.to_str());
    assert!(named.ends_with(path.to_str().unwrap()), "{named}");
    assert!(doctor(Some("off")).ends_with("not shared with other programs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_named_and_cannot_be_used_is_an_error() {
    let account = Account::open().await;
    let ran = account.run(&["whoami", "--budget", "/nowhere/budget"]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(3), 1), "{ran:?}");
    assert!(ran.err.contains("/nowhere/budget"), "{ran:?}");

    let ran = account.run(&["doctor", "--budget", "/nowhere/budget"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.out.starts_with("wrong  budget"), "{ran:?}");
    assert_eq!(account.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_none_is_named_and_nothing_is_sent() {
    let account = Account::open().await;
    let (_directory, path) = budget();
    std::fs::write(&path, "somebody's notes").unwrap();
    let path = path.to_str().unwrap();
    let ran = account.run(&["doctor", "--timeout", "1", "--budget", path]);
    let told = ran.out.lines().next().unwrap();
    assert!(
        told.starts_with("wrong  budget") && told.contains("something else"),
        "{ran:?}"
    );
    // A call says the same, and at once.
    let ran = account.run(&["whoami", "--budget", path]);
    assert_eq!((ran.code, ran.err.lines().count()), (Some(3), 1), "{ran:?}");
    assert!(ran.err.contains("something else"), "{ran:?}");
    assert_eq!(account.emulator.edge().requests(), 0);
}

/// No file can have this name.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_users_file_cannot_be_used_it_says_so_and_what_follows() {
    let host = format!(
        "{}.{}.{}.{}",
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(61)
    );
    let url = format!("https://{host}");
    let mut command = program(&["whoami", "--base-url", &url, "--timeout", "20"]);
    command
        .env("COMFYCONTROL_TOKEN", "cfc_example0token0")
        .env_remove("COMFYCONTROL_BUDGET");
    let ran = Ran::of(command);
    let note = ran.err.lines().next().unwrap();
    assert!(
        note.starts_with("note: ") && note.ends_with("keeps to it alone"),
        "{ran:?}"
    );
}

#[test]
fn a_quota_is_requests_and_seconds() {
    for wrong in ["40", "40/", "0/10", "40/0", "x/10"] {
        let output = program(&["whoami", "--quota", wrong]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {output:?}");
    }
}
