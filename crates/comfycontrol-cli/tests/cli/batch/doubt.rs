//! What is not known is looked for, as long as it may be so and no longer.

use std::time::Duration;

use comfycontrol_emulator::{Ending, Fault, FaultRule, Shape};
use http::{Method, StatusCode};

use super::studio::{FAST, Studio, of_kind, quick, runs};
use crate::support::Account;

/// Of the first request that starts a run.
fn lost() -> FaultRule {
    let lost = Fault::LoseResponse {
        after: Duration::ZERO,
        ending: Ending::Reset,
    };
    FaultRule::next(1, lost)
        .method(Method::POST)
        .path("/v1/workflow")
}

fn lists(rule: FaultRule) -> FaultRule {
    rule.method(Method::GET).path_end("/v1/workflow")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_cut_off_is_read_again_and_no_row_is_given_up() {
    let cut = lists(FaultRule::next(2, Fault::Truncate));
    let (account, studio) = (
        Account::of(quick().fault(lost()).fault(cut)).await,
        Studio::of(3),
    );
    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, studio.saved()), (Some(0), 3), "{ran:?}");
    assert_eq!(runs(&account).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_ends_it_while_a_row_is_in_doubt_is_code_9() {
    let bad = Shape::Api(StatusCode::BAD_REQUEST, "no list".to_owned());
    let bad = lists(FaultRule::chance(1.0, 1, Fault::Respond(bad)));
    let (account, studio) = (
        Account::of(quick().fault(lost()).fault(bad)).await,
        Studio::of(2),
    );
    let ran = studio.run(&account, &["--quota", FAST, "--jobs", "1"]);
    assert_eq!(ran.code, Some(9), "{ran:?}");
    assert!(ran.err.contains("rows in doubt: 1"), "{ran:?}");
    account.emulator.faults().clear();
    let again = studio.run(&account, &["--quota", FAST]);
    assert_eq!((again.code, studio.saved()), (Some(0), 2), "{again:?}");
    assert_eq!(runs(&account).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_sent_an_hour_ago_is_looked_for_once() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(1));
    let reset = FaultRule::chance(1.0, 1, Fault::Reset).method(Method::POST);
    account.emulator.faults().add(reset);
    let mut child = studio.start(&account, &["--quota", FAST]);
    let path = studio.path("out/batch.jsonl");
    let sent = loop {
        let journal = std::fs::read_to_string(&path).unwrap_or_default();
        if journal.contains("sending") && journal.ends_with('\n') {
            break journal;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    child.kill().unwrap();
    child.wait().unwrap();
    account.emulator.faults().clear();
    let (head, entry) = sent.trim_end().split_once('\n').unwrap();
    let mut entry: serde_json::Value = serde_json::from_str(entry).unwrap();
    entry["at"] = (entry["at"].as_u64().unwrap() - 3600).into();
    std::fs::write(&path, format!("{head}\n{entry}\n")).unwrap();
    let ran = studio.run(&account, &["--quota", FAST, "--timeout", "60"]);
    assert_eq!((ran.code, studio.saved()), (Some(0), 1), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_in_doubt_is_not_lost_while_others_run_and_is_found_at_the_end() {
    let no_list = Shape::Api(StatusCode::BAD_REQUEST, "no list".to_owned());
    let no_list = lists(FaultRule::next(1, Fault::Respond(no_list)));
    let (account, studio) = (
        Account::of(quick().fault(lost()).fault(no_list)).await,
        Studio::of(3),
    );
    let arguments = ["--json", "--quota", FAST, "--jobs", "1"];
    let events = studio.run(&account, &arguments).lines();
    let doubtful = of_kind(&events, "doubtful");
    assert_eq!((doubtful.len(), &doubtful[0]["line"]), (1, &2.into()));
    let saved = of_kind(&events, "saved");
    let order: Vec<_> = saved.iter().map(|event| &event["line"]).collect();
    assert_eq!(order, [3, 4, 2]);
    assert_eq!(runs(&account).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_stay_in_doubt_are_named_at_the_end_with_what_to_do() {
    let reset = FaultRule::chance(1.0, 1, Fault::Reset).method(Method::POST);
    let (account, studio) = (Account::of(quick().fault(reset)).await, Studio::of(2));
    let ran = studio.run(&account, &["--quota", FAST, "--settle", "0"]);
    assert_eq!(ran.code, Some(9), "{ran:?}");
    for line in [2, 3] {
        let told = format!("line {line}: in doubt, looked for again at the end: whether the run ");
        assert!(ran.err.contains(&told), "{ran:?}");
        assert!(
            ran.err.contains(&format!("line {line}: in doubt: ")),
            "{ran:?}"
        );
    }
    let end: Vec<_> = ran.err.lines().rev().take(2).collect();
    let way = "in doubt: lines 2, 3; perhaps they run: the same command looks for them, and \
               starts none twice";
    assert_eq!(end, [way, "0 of 2 rows saved, 2 in doubt"], "{ran:?}");
    account.emulator.faults().clear();
    let again = studio.run(&account, &["--quota", FAST, "--settle", "0"]);
    assert_eq!((again.code, studio.saved()), (Some(0), 2), "{again:?}");
}
