use comfycontrol_emulator::Emulator;

use super::running::{Gateway, gateway};
use crate::support::{Account, Ran, program};

/// A server that takes 4 requests in 3 s.
async fn account() -> Account {
    Account::of_four_in(3, Emulator::builder()).await
}

/// Four calls before and four after a restart.
fn across_a_restart(account: &Account, budget: &str, fields: &str) {
    for _ in 0..2 {
        let mut command = gateway(account, &["--quota", "4/3", "--quiet"]);
        command.env("COMFYCONTROL_BUDGET", budget);
        let running = Gateway::of(command);
        for _ in 0..4 {
            _ = running.get("/v1/user", fields);
        }
        running.terminate();
        assert_eq!(running.ended(), "4 calls, 0 of them cut off at the end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_within_the_window_keeps_the_budget() {
    let account = account().await;
    let directory = tempfile::tempdir().unwrap();
    let budget = directory.path().join("budget");
    across_a_restart(&account, budget.to_str().unwrap(), "");
    let edge = account.emulator.edge();
    assert_eq!((edge.requests(), edge.throttled()), (8, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_that_shares_nothing_overruns_it() {
    let account = account().await;
    // It does not wait for the end of the cooldown.
    across_a_restart(&account, "off", "prefer: wait=1\r\n");
    assert!(account.emulator.edge().throttled() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulators_limit_is_shared_with_nobody_and_a_budget_for_it_is_refused() {
    let ran = Ran::of(program(&["gateway", "--emulate", "--budget", "file"]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("--budget"), "{ran:?}");
    let help = Ran::of(program(&["gateway", "--help"])).printed();
    assert!(help.contains("its limit is not shared"), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_file_of_something_else_is_told_of_before_it_listens() {
    let account = account().await;
    let directory = tempfile::tempdir().unwrap();
    let budget = directory.path().join("budget");
    std::fs::write(&budget, "somebody's notes").unwrap();
    let ran = Ran::of(gateway(&account, &["--budget", budget.to_str().unwrap()]));
    assert_eq!((ran.code, &*ran.out), (Some(3), ""), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    assert!(ran.err.contains("something else"), "{ran:?}");
    assert_eq!(std::fs::read(&budget).unwrap(), b"somebody's notes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_budget_file_is_told_of_and_its_calls_wait() {
    let account = account().await;
    let directory = tempfile::tempdir().unwrap();
    let budget = directory.path().join("budget");
    let budget = budget.to_str().unwrap();
    account
        .run(&["whoami", "--quota", "4/3", "--budget", budget])
        .printed();
    let mut content = std::fs::read(budget).unwrap();
    // Both pages' content, behind what says whose file it is.
    for page in content.chunks_mut(4_096) {
        page[128..].fill(0xff);
    }
    std::fs::write(budget, content).unwrap();
    let mut running = Gateway::of(gateway(&account, &["--quota", "4/3", "--budget", budget]));
    running.terminate();
    let told = running.rest();
    assert!(
        told.contains("nothing is sent until what was sent before is over"),
        "{told}"
    );
}
