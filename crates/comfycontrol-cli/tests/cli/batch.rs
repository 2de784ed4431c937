mod doubt;
mod folders;
mod pace;
mod studio;
mod wants;

use std::time::Duration;

use comfycontrol_emulator::{Ending, Fault, FaultRule, Limit, ListFault, Shape};
use http::{Method, StatusCode};
use serde_json::json;

use self::studio::{FAST, Studio, of_kind, quick, runs};
use crate::support::{Account, Ran, interrupt};

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_one_run_whose_files_are_in_a_folder_of_its_line() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(12));
    let ran = studio.run(&account, &["--quota", FAST, "--jobs", "4"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut folders: Vec<_> = ran.out.lines().map(str::to_owned).collect();
    folders.sort();
    let wanted: Vec<_> = (2..=13).map(|line| format!("out/line-{line:02}")).collect();
    assert_eq!(folders, wanted);
    let told: Vec<_> = ran.err.lines().collect();
    assert_eq!(
        told,
        ["12 rows, 12 of them to be done", "12 of 12 rows saved"]
    );
    assert_eq!(studio.saved(), 12);
    // Rows of equal parameters are as many runs.
    let runs = runs(&account);
    assert_eq!((runs.len(), runs.values().max()), (12, Some(&1)));
    // Nothing is left to be done, and nothing is asked.
    let requests = account.emulator.edge().requests();
    let again = studio.run(&account, &[]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), ""), "{again:?}");
    let told: Vec<_> = again.err.lines().collect();
    assert_eq!(
        told,
        [
            "12 rows, 0 of them to be done, 12 saved before",
            "12 of 12 rows saved"
        ]
    );
    assert_eq!(account.emulator.edge().requests(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_json_each_event_is_a_line_and_a_row_is_three_requests_at_most() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(30));
    let events = studio
        .run(&account, &["--json", "--quota", FAST, "--jobs", "30"])
        .lines();
    assert_eq!(
        (&events[0]["event"], &events[0]["waiting"]),
        (&json!("batch"), &json!(30))
    );
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["saved"]),
        (&json!("end"), &json!(30))
    );
    assert_eq!(of_kind(&events, "started").len(), 30);
    let saved = of_kind(&events, "saved");
    assert_eq!(saved.len(), 30);
    assert!(saved.iter().all(|event| event["files"] == 1), "{saved:?}");
    let requests = account.emulator.edge().requests();
    assert!(requests <= 90, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_no_row_is_run_twice_and_none_is_lost() {
    let late = Duration::from_millis(30);
    let slow = FaultRule::chance(0.5, 7, Fault::Delay(late)).method(Method::POST);
    let (account, studio) = (Account::of(quick().fault(slow)).await, Studio::of(40));
    let arguments = ["--quota", "40/1", "--jobs", "12", "--settle", "2"];
    for pause in [150, 400, 250, 700, 333, 600] {
        let mut child = studio.start(&account, &arguments);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ran = studio.run(&account, &arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let runs = runs(&account);
    assert_eq!((runs.len(), runs.values().max()), (40, Some(&1)), "{ran:?}");
    assert_eq!(studio.saved(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_first_pages_do_not_show_is_followed_all_the_same() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(3));
    let mut child = studio.start(&account, &["--quota", FAST]);
    while account
        .run(&["workflows", "--quota", FAST])
        .printed()
        .lines()
        .count()
        < 3
    {}
    child.kill().unwrap();
    child.wait().unwrap();
    // What others have started since.
    let grow = Fault::List(ListFault::Grow(350));
    account.emulator.faults().add(FaultRule::next(1, grow));
    account.run(&["workflows", "-n", "1"]).printed();
    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, studio.saved()), (Some(0), 3), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_that_are_lost_start_nothing_twice() {
    let lost = Fault::LoseResponse {
        after: Duration::ZERO,
        ending: Ending::Reset,
    };
    let lost = FaultRule::chance(0.4, 3, lost)
        .method(Method::POST)
        .path("/v1/workflow");
    let (account, studio) = (Account::of(quick().fault(lost)).await, Studio::of(20));
    let events = studio.run(&account, &["--json", "--quota", FAST]).lines();
    assert_eq!(events.last().unwrap()["saved"], 20);
    let started = of_kind(&events, "started");
    assert!(started.iter().any(|event| event["adopted"] == true));
    let runs = runs(&account);
    assert_eq!((runs.len(), runs.values().max()), (20, Some(&1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_is_run_again_on_request_alone() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(2));
    studio.graph("EmulatedFailure");
    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(8), ""), "{ran:?}");
    assert!(
        ran.err.contains("line 2: failed: ") && !ran.err.contains("failed: failed"),
        "{ran:?}"
    );
    let end = "0 of 2 rows saved, 2 failed\nfailed: lines 2, 3; with --retry-failed, the same \
               command runs them once more\n";
    assert!(ran.err.ends_with(end), "{ran:?}");
    let requests = account.emulator.edge().requests();
    let again = studio.run(&account, &[]);
    assert_eq!(again.code, Some(8), "{again:?}");
    assert_eq!(account.emulator.edge().requests(), requests);
    let again = studio.run(&account, &["--quota", FAST, "--retry-failed"]);
    assert_eq!(again.code, Some(8), "{again:?}");
    assert_eq!(runs(&account).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused_was_not_started_and_is_tried_again_at_the_next_start() {
    let bad = Shape::Api(StatusCode::BAD_REQUEST, "no such sampler".to_owned());
    let bad = FaultRule::next(1, Fault::Respond(bad)).method(Method::POST);
    let (account, studio) = (Account::of(quick().fault(bad)).await, Studio::of(3));
    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 2), "{ran:?}");
    assert!(ran.err.contains(": refused, not started: "), "{ran:?}");
    assert!(ran.err.contains("no such sampler"), "{ran:?}");
    let again = studio.run(&account, &["--quota", FAST]);
    assert_eq!(
        (again.code, again.out.lines().count()),
        (Some(0), 1),
        "{again:?}"
    );
    assert_eq!((runs(&account).len(), studio.saved()), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_it_and_the_next_start_goes_on_with_what_runs() {
    let slow = quick().run_time(Duration::from_secs(2));
    let (account, studio) = (Account::of(slow).await, Studio::of(3));
    let child = studio.start(&account, &["--quota", FAST]);
    while account
        .run(&["workflows", "--quota", FAST])
        .printed()
        .lines()
        .count()
        < 3
    {}
    tokio::task::block_in_place(|| interrupt(child.id()));
    let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8(output.stderr).unwrap();
    let last = told.lines().last().unwrap();
    let way = "error: interrupted; 3 rows were under way: what runs goes on at the server, and the \
               same command goes on with it";
    assert_eq!(last, way, "{told}");
    let ran = studio.run(&account, &["--quota", FAST]);
    assert_eq!((ran.code, studio.saved()), (Some(0), 3), "{ran:?}");
    assert_eq!(runs(&account).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_journal_was_begun_with_is_what_it_goes_on_with() {
    let (account, studio) = (Account::of(quick()).await, Studio::of(1));
    assert_eq!(studio.run(&account, &[]).code, Some(0));
    let requests = account.emulator.edge().requests();
    let other_name = studio.run(&account, &["--name", "moon"]);
    std::fs::write(studio.path("prompts.csv"), "prompt,seed\nmoon,1\n").unwrap();
    let other_table = studio.run(&account, &[]);
    studio.graph("Other");
    let other_graph = studio.run(&account, &[]);
    for (ran, what) in [
        (other_name, "the name is not that of this journal"),
        (other_table, "the table is not that of this journal"),
        (other_graph, "the graph is not that of this journal"),
    ] {
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.err.contains(what), "{ran:?}");
    }
    assert_eq!(account.emulator.edge().requests(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_them_do_not_work_in_one_directory() {
    let slow = quick().run_time(Duration::from_secs(60));
    let (account, studio) = (Account::of(slow).await, Studio::of(1));
    let mut child = studio.start(&account, &[]);
    while account.emulator.edge().requests() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let second = studio.run(&account, &[]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(
        second.err.contains("another batch works in out"),
        "{second:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_before_anything_is_sent() {
    let account = Account::of(quick()).await;
    for (table, told) in [
        ("prompt\n", "it has a header and no rows"),
        (
            "prompt\r\na\r\nb,c\r\n",
            "line 3: it has 2 fields, and the header 1",
        ),
        (
            "prompt,@photo\na,\nb,no.png\n",
            "no.png: No such file or directory (os error 2) (line 3",
        ),
    ] {
        let studio = Studio::with(table);
        let ran = studio.run(&account, &[]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.err.contains(told), "{ran:?}");
    }
    let studio = Studio::of(2);
    std::fs::create_dir_all(studio.path("out/line-3")).unwrap();
    let ran = studio.run(&account, &[]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.err.contains("out/line-3: it is there already"),
        "{ran:?}"
    );
    assert_eq!(account.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_kept_and_what_is_wrong_with_the_token_ends_it() {
    let limit = Limit::new(40, Duration::from_secs(1)).unwrap();
    let (account, studio) = (Account::of(quick().limit(limit)).await, Studio::of(40));
    let ran = studio.run(&account, &["--quota", "40/1", "--jobs", "40"]);
    assert_eq!((ran.code, studio.saved()), (Some(0), 40), "{ran:?}");
    assert_eq!(account.emulator.edge().throttled(), 0);

    let studio = Studio::of(3);
    let mut command = studio.command(&account, &["--quota", "40/1"]);
    command.env("COMFYCONTROL_TOKEN", "cfc_another");
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(4), "{ran:?}");
}
