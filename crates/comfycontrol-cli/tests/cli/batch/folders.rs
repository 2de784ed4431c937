//! What is in the folders, after it was there and between.

use comfycontrol_emulator::{Fault, FaultRule, Limit, Shape};
use http::StatusCode;
use std::time::Duration;

use super::studio::{FAST, Studio, of_kind, quick, runs};
use crate::support::Account;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_removed_is_saved_anew_from_the_run_that_is_known() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(12));
    assert_eq!(studio.run(&account, &["--quota", FAST]).code, Some(0));
    for line in ["line-03", "line-07"] {
        std::fs::remove_dir_all(studio.path("out").join(line)).unwrap();
    }
    let requests = account.emulator.edge().requests();
    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, studio.saved()), (Some(0), 12), "{ran:?}");
    let told: Vec<_> = ran.err.lines().collect();
    assert_eq!(
        told,
        [
            "note: folders of saved rows that are not there any more: 2; they are saved anew from \
             their runs, and nothing is run again",
            "12 rows, 2 of them to be done, 10 saved before",
            "12 of 12 rows saved",
        ]
    );
    let mut folders: Vec<_> = ran.out.lines().collect();
    folders.sort_unstable();
    assert_eq!(folders, ["out/line-03", "out/line-07"]);
    assert_eq!(account.emulator.edge().requests(), requests + 2);
    assert_eq!(runs(&account).len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_folder_whose_files_the_api_has_no_more_is_told_as_gone() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(2));
    assert_eq!(studio.run(&account, &["--quota", FAST]).code, Some(0));
    std::fs::remove_dir_all(studio.path("out/line-3")).unwrap();
    let none = Shape::Api(
        StatusCode::NOT_FOUND,
        "requested entity not found".to_owned(),
    );
    let none = FaultRule::next(1, Fault::Respond(none)).path_end("/outputs");
    account.emulator.faults().add(none);
    let ran = studio.run(&account, &["--json", "--quota", FAST]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let events: Vec<serde_json::Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let gone = of_kind(&events, "gone");
    assert_eq!((gone.len(), &gone[0]["line"]), (1, &3.into()), "{ran:?}");
    let end = events.last().unwrap();
    assert_eq!(
        (&end["saved"], &end["lines"]["unsaved"][0]),
        (&1.into(), &3.into())
    );
    assert!(!studio.path("out/line-3").exists());
    // It may have them again.
    let again = studio.run(&account, &["--quota", FAST]);
    assert_eq!((again.code, studio.saved()), (Some(0), 2), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_waits_for_a_slot_to_be_saved_says_so() {
    let limit = Limit::new(3, Duration::from_secs(1)).unwrap();
    let (account, studio) = (Account::of(quick().limit(limit)).await, Studio::of(3));
    let events = studio.run(&account, &["--json", "--quota", "3/1"]).lines();
    assert_eq!(events.last().unwrap()["saved"], 3);
    let rows = of_kind(&events, "row");
    let states = |line: u64| {
        let of_line = rows.iter().filter(|event| event["line"] == line);
        let states = of_line.map(|event| event["state"].as_str().unwrap());
        states.collect::<Vec<_>>()
    };
    let ends: Vec<_> = (2..=4).map(states).collect();
    let waited = |states: &Vec<&str>| states.ends_with(&["saving", "waiting_for_slot", "saving"]);
    assert!(ends.iter().any(waited), "{ends:?}");
    assert_eq!(account.emulator.edge().throttled(), 0);
}
