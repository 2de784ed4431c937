//! What is in the folders, after it was there and between.

use comfycontrol_emulator::{Fault, FaultRule, Limit, Shape};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use std::time::Duration;

use super::studio::{FAST, Studio, of_kind, quick, runs};
use crate::support::{Account, Ran};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_removed_is_saved_again_from_the_run_that_is_known() {
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
            "note: folders of saved rows that are not there any more: 2; they are saved again \
             from their runs, and nothing is run again",
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
    assert_eq!((&end["saved"], &end["gone"]), (&1.into(), &1.into()));
    let lines = &end["lines"];
    assert_eq!(
        (&lines["gone"], &lines["unsaved"]),
        (&json!([3]), &json!([]))
    );
    assert!(!studio.path("out/line-3").exists());

    // It was told: the next start does not ask, and does not fail for it.
    let requests = account.emulator.edge().requests();
    let again = studio.run(&account, &["--quota", FAST]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""), "{again:?}");
    let told: Vec<_> = again.err.lines().collect();
    assert_eq!(
        told,
        [
            "2 rows, 0 of them to be done, 1 saved before, 1 gone",
            "1 of 2 rows saved, 1 gone",
            "gone: line 3; their files are neither here nor at the API: the same command leaves \
             them out, and a batch of these rows in another directory runs them again",
        ]
    );
    assert_eq!(account.emulator.edge().requests(), requests);

    // Should the API have them again: the way that the row named.
    let message = gone[0]["message"].as_str().unwrap();
    let (_, way) = message
        .split_once("to ask once more: comfycontrol ")
        .unwrap();
    let arguments: Vec<_> = way.split(' ').collect();
    let mut save = account.command(&arguments);
    save.current_dir(studio.path(""));
    assert_eq!(Ran::of(save).code, Some(0));
    let again = studio.run(&account, &["--quota", FAST]);
    assert_eq!((again.code, studio.saved()), (Some(0), 2), "{again:?}");
    assert!(again.err.ends_with("2 of 2 rows saved\n"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_folder_that_comes_back_with_fewer_files_is_told_once() {
    let (account, studio) = (Account::of(quick().outputs(3)).await, Studio::of(1));
    let events = studio.run(&account, &["--json", "--quota", FAST]).lines();
    assert_eq!(of_kind(&events, "saved")[0]["files"], 3);
    let id = of_kind(&events, "started")[0]["id"].as_str().unwrap();
    let outputs = format!("/v1/workflow/{id}/outputs");
    let mut outputs = account.run(&["get", &outputs, "--json"]).lines().remove(0);
    let outputs = outputs["body"].take();
    let one = serde_json::to_vec(&json!([outputs[0]])).unwrap();
    let json = HeaderValue::from_static("application/json");
    let one = Shape::Bytes(StatusCode::OK, json, one.into());
    let one = FaultRule::next(1, Fault::Respond(one)).path_end("/outputs");
    account.emulator.faults().add(one);
    std::fs::remove_dir_all(studio.path("out/line-2")).unwrap();

    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, studio.saved()), (Some(1), 1), "{ran:?}");
    let told: Vec<_> = ran.err.lines().skip(2).collect();
    assert_eq!(
        told,
        [
            "line 2: saved, fewer files than before: its folder was removed: 3 before, 1 now",
            "1 of 1 rows saved",
            "saved with fewer files than before: line 2; the others are not there any more, and \
             nothing is run again",
        ]
    );
    let again = studio.run(&account, &["--quota", FAST]);
    assert_eq!(again.code, Some(0), "{again:?}");
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
