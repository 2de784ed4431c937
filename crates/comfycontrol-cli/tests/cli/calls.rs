use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use comfycontrol_emulator::Emulator;
use serde_json::json;

use crate::support::Account;

#[tokio::test(flavor = "multi_thread")]
async fn whoami_tells_name_address_and_tier() {
    let account = Account::open().await;
    let printed = account.run(&["whoami"]).printed();
    assert_eq!(printed.lines().count(), 1);
    let user = &account.run(&["whoami", "--json"]).lines()[0];
    let (name, email) = (
        user["name"].as_str().unwrap(),
        user["email"].as_str().unwrap(),
    );
    let tier = user["tier"].as_str().unwrap();
    assert_eq!(printed, format!("{name} <{email}>, {tier}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_to_its_end_or_to_its_limit() {
    let account = Account::of(Emulator::builder().runners(137).limit(None)).await;
    assert_eq!(account.run(&["runners"]).printed().lines().count(), 137);
    assert_eq!(
        account
            .run(&["runners", "-n", "3"])
            .printed()
            .lines()
            .count(),
        3
    );
    assert_eq!(account.run(&["runners", "-n", "0"]).printed(), "");
    let runners = account.run(&["runners", "--json", "-n", "1"]).lines();
    assert!(runners[0]["id"].is_string());
    assert_eq!(account.run(&["runners", "--status", "odd"]).code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_was_posted_is_listed_and_can_be_cancelled() {
    // It is queued after 2 s, and can be cancelled from then on.
    let runs = Emulator::builder()
        .limit(None)
        .run_time(Duration::from_secs(20));
    let account = Account::of(runs).await;
    let directory = tempfile::tempdir().unwrap();
    let graph = directory.path().join("graph.json");
    let node = json!({ "class_type": "KSampler", "inputs": {} });
    std::fs::write(&graph, json!({ "1": node }).to_string()).unwrap();
    let graph = format!("workflow_json=@{}", graph.display());

    let posted = account.run(&["post", "/v1/workflow", "-F", "name=sunset", "-F", &graph]);
    let posted: serde_json::Value = serde_json::from_str(&posted.printed()).unwrap();
    let id = posted["id"].as_str().unwrap();
    let listed = account.run(&["workflows"]).printed();
    assert!(
        listed.starts_with(id) && listed.ends_with("  sunset\n"),
        "{listed}"
    );

    let is_queued = || account.run(&["workflows", "--status", "queued"]).printed() != "";
    while !is_queued() {}
    let cancelled = account.run(&["cancel", id]).printed();
    assert_eq!(cancelled, format!("asked to cancel {id}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn get_prints_the_body_as_it_comes_and_as_json_the_whole_response() {
    let account = Account::open().await;
    let body = account
        .run(&["get", "/v1/runner", "-q", "per_page=2"])
        .printed();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["runners"].as_array().unwrap().len(), 2);
    let whole = &account
        .run(&["--json", "get", "/v1/runner", "-q", "per_page=2"])
        .lines()[0];
    assert_eq!((&whole["status"], &whole["body"]), (&json!(200), &body));
    assert_eq!(whole["headers"]["content-type"], "application/json");
}

#[tokio::test(flavor = "multi_thread")]
async fn post_sends_json_from_the_line_and_from_a_file() {
    let account = Account::open().await;
    let runner = json!({ "name": "attic", "endpoint": "https://attic.example", "tags": ["x"] });
    let created = account
        .run(&["post", "/v1/runner", "-d", &runner.to_string()])
        .printed();
    assert!(created.contains("attic"), "{created}");

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("runner.json");
    std::fs::write(&file, runner.to_string()).unwrap();
    let data = format!("@{}", file.display());
    let created = account.run(&["post", "/v1/runner", "-d", &data]).printed();
    assert!(created.contains("attic"), "{created}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_failure() {
    let account = Account::of(Emulator::builder().runners(2_000).limit(None)).await;
    let mut child = account
        .command(&["runners", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    // What reads has gone after the first line.
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    assert!(first.starts_with('{'));
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_would_steer_a_terminal_is_shown_escaped() {
    let account = Account::of(Emulator::builder().limit(None)).await;
    let name = "sun\u{1b}[31m\u{9b}2J\u{202e}set\u{7}";
    let runner = json!({ "name": name, "endpoint": "https://attic.example", "tags": ["x"] });
    account
        .run(&["post", "/v1/runner", "-d", &runner.to_string()])
        .printed();
    let text = account.run(&["runners", "-n", "1"]).printed();
    let line = text.strip_suffix('\n').unwrap();
    assert!(
        line.contains("sun\\u{1b}[31m") && line.ends_with(r"set\u{7}"),
        "{line}"
    );
    assert!(
        !line.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "{line}"
    );
    let json = account.run(&["runners", "-n", "1", "--json"]).printed();
    assert!(!json.trim_end().contains(char::is_control), "{json}");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["name"], name);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_without_end_is_refused_and_not_held() {
    let account = Account::open().await;
    let ran = account.run(&["post", "/v1/runner", "-d", "@/dev/zero"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.err.contains("/dev/zero: it has more than 50 MB"),
        "{ran:?}"
    );
    assert_eq!(account.emulator.edge().requests(), 0);
}
