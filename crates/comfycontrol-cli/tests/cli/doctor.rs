use std::time::{Duration, SystemTime};

use crate::support::{Account, Ran, program};

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_in_a_line_each() {
    let account = Account::open().await;
    let printed = account.run(&["doctor"]).printed();
    assert_eq!(printed.lines().count(), 6, "{printed}");
    assert!(
        printed.lines().all(|line| line.starts_with("ok ")),
        "{printed}"
    );
    for check in ["budget", "settings", "proxy", "connection", "clock", "call"] {
        assert!(printed.contains(check), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_is_told_with_by_how_much() {
    let account = Account::open().await;
    #[expect(clippy::disallowed_methods, reason = "the other clock is set by it")]
    let now = SystemTime::now();
    account
        .emulator
        .edge()
        .set_wall_clock(now - Duration::from_secs(3_600));
    let ran = account.run(&["doctor", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let clock = ran
        .out
        .lines()
        .find(|line| line.contains("\"clock\""))
        .unwrap();
    assert!(
        clock.contains("\"ok\":false") && clock.contains(" s fast"),
        "{clock}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_and_one_that_is_missing_are_told_apart() {
    let account = Account::open().await;
    let url = account.emulator.http_url();
    let mut command = program(&["doctor", "--base-url", &url]);
    command.env("COMFYCONTROL_TOKEN", "cfc_another");
    let refused = Ran::of(command);
    assert_eq!(refused.code, Some(4));
    assert!(refused.out.contains("wrong  call"), "{refused:?}");

    let missing = Ran::of(program(&["doctor"]));
    assert_eq!(missing.code, Some(3));
    assert!(missing.out.contains("wrong  settings"), "{missing:?}");
}
