use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Ending, Fault, FaultRule};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Account, Ran, interrupt};

/// A folder with a graph of this class and a picture.
struct Studio {
    directory: tempfile::TempDir,
}

impl Studio {
    fn new(class: &str) -> Self {
        let studio = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let inputs = json!({ "text": "$text(prompt)", "image": "$file(photo)" });
        let graph = json!({ "7": { "class_type": class, "inputs": inputs } });
        std::fs::write(studio.path("sunset.json"), graph.to_string()).unwrap();
        std::fs::write(studio.path("photo.png"), [7; 100_000]).unwrap();
        studio
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, account: &Account, arguments: &[&str]) -> Ran {
        Ran::of(self.command(account, arguments))
    }

    fn command(&self, account: &Account, arguments: &[&str]) -> std::process::Command {
        let mut command = account.command(&["run", "sunset.json", "-p", "prompt=a sunset"]);
        command
            .args(["-f", "photo=photo.png"])
            .args(arguments)
            .current_dir(&self.directory);
        command
    }
}

fn quick() -> comfycontrol_emulator::EmulatorBuilder {
    Emulator::builder()
        .limit(None)
        .run_time(Duration::from_millis(200))
        .sse_interval(Duration::from_millis(20))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_with_its_files_on_disk_and_a_line_for_each_state() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("KSampler"));
    let ran = studio.run(&account, &["--out", "pictures"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let files: Vec<_> = ran.out.lines().collect();
    assert!(!files.is_empty());
    for file in files {
        assert!(file.starts_with("pictures/"), "{file}");
        assert!(std::fs::metadata(studio.path(file)).unwrap().len() > 0);
    }
    assert!(ran.err.lines().any(|line| line == "started"), "{}", ran.err);
    assert!(ran.err.contains("completed"), "{}", ran.err);
    let all: Vec<_> = ran.err.lines().collect();
    assert!(
        all.windows(2).all(|two| two[0] != two[1]),
        "told once: {all:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn as_json_each_step_is_an_event_and_the_last_one_names_the_files() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("KSampler"));
    let events = studio
        .run(&account, &["--json", "-o", ".", "--key", "row 1"])
        .lines();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((named("started"), named("completed")), (1, 1));
    assert!(named("uploading") > 0 && named("update") > 0);
    let last = events.last().unwrap();
    assert_eq!(last["name"], "sunset [row 1]");
    let files = last["files"].as_array().unwrap();
    assert!(!files.is_empty());
    // Each link is as good as its file.
    let printed = events.iter().map(Value::to_string).collect::<String>();
    assert!(
        !printed.contains(&account.emulator.storage_url()),
        "{printed}"
    );
    for file in files {
        assert!(studio.path(file.as_str().unwrap()).exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_directory_the_links_are_printed() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("KSampler"));
    let ran = studio.run(&account, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let storage = account.emulator.storage_url();
    assert!(ran.out.lines().count() > 0);
    assert!(
        ran.out.lines().all(|link| link.starts_with(&storage)),
        "{}",
        ran.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_names_node_and_exception() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("EmulatedFailure"));
    let ran = studio.run(&account, &["-o", "pictures"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(8), ""), "{ran:?}");
    let told = ran.err.lines().last().unwrap();
    assert!(
        told.starts_with("error: ") && told.contains("EmulatedFailure"),
        "{told}"
    );
    assert!(!studio.path("pictures").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_response_was_lost_is_found_and_not_paid_twice() {
    let lost = Fault::LoseResponse {
        after: Duration::ZERO,
        ending: Ending::Reset,
    };
    let rule = FaultRule::next(1, lost)
        .method(Method::POST)
        .path("/v1/workflow");
    let (account, studio) = (
        Account::of(quick().fault(rule)).await,
        Studio::new("KSampler"),
    );
    let events = studio.run(&account, &["--json", "-o", "pictures"]).lines();
    assert_eq!(events.last().unwrap()["adopted"], true);
    let all = account.run(&["workflows"]).printed();
    assert_eq!(all.lines().count(), 1, "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_leaves_the_run_and_says_how_to_end_it() {
    let slow = quick().run_time(Duration::from_secs(60));
    let (account, studio) = (Account::of(slow).await, Studio::new("KSampler"));
    let child = studio
        .command(&account, &["--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let is_there = || account.run(&["workflows"]).printed() != "";
    while !is_there() {}
    tokio::task::block_in_place(|| interrupt(child.id()));
    let output = tokio::task::block_in_place(|| child.wait_with_output()).unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told: Value = serde_json::from_slice(&output.stderr).unwrap();
    let message = told["error"]["message"].as_str().unwrap();
    // It may not have been told yet that it has started; then it is found by its key.
    let printed = String::from_utf8(output.stdout).unwrap();
    let way = match printed.contains("\"started\"") {
        true => "interrupted; the run goes on; to end it: comfycontrol cancel ",
        false => "interrupted; the run may have been started: say the same with --resume --key=",
    };
    assert!(message.starts_with(way), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_saved_is_saved_by_the_id_that_the_error_names() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("KSampler"));
    std::fs::write(studio.path("in-the-way"), "a file").unwrap();
    let ran = studio.run(&account, &["-o", "in-the-way"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    let (_, id) = ran
        .err
        .trim_end()
        .rsplit_once("comfycontrol save --out=in-the-way ")
        .expect("what to do");

    let directory = studio.path("pictures");
    let saved = account
        .run(&["save", id, "-o", directory.to_str().unwrap()])
        .printed();
    assert!(saved.lines().count() > 0);
    assert!(
        saved
            .lines()
            .all(|file| std::fs::metadata(file).unwrap().len() > 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_command_is_that_of_all_it_does() {
    let slow = quick().run_time(Duration::from_secs(60));
    let (account, studio) = (Account::of(slow).await, Studio::new("KSampler"));
    let ran = studio.run(&account, &["--timeout", "2"]);
    assert_eq!(ran.code, Some(7), "{ran:?}");
    let told = ran.err.lines().last().unwrap();
    assert!(
        told.contains("time for the command is over; the run "),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_there_are_named_before_anything_is_sent() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("KSampler"));
    let sent = account.emulator.edge();
    std::fs::remove_file(studio.path("photo.png")).unwrap();
    let ran = studio.run(&account, &[]);
    assert_eq!((ran.code, sent.requests()), (Some(3), 0), "{ran:?}");
    assert!(ran.err.contains("photo.png"), "{ran:?}");
    let ran = account.run(&["run", Path::new("/nowhere/graph.json").to_str().unwrap()]);
    assert_eq!((ran.code, sent.requests()), (Some(3), 0), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_graph_does_not_have_or_lacks_is_told_before_anything_is_sent() {
    let (account, studio) = (Account::open().await, Studio::new("KSampler"));
    let ran = studio.run(&account, &["-p", "sead=1"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("no $text(sead), but "), "{ran:?}");
    let mut command = account.command(&["run", "sunset.json"]);
    command.current_dir(&studio.directory);
    let ran = Ran::of(command);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.err.contains("nothing is given for $text(prompt)"),
        "{ran:?}"
    );
    assert_eq!(account.emulator.edge().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_resumed_by_its_key_and_told_to_be_looked_for() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("KSampler"));
    let first = studio.run(&account, &["--json", "--key", "row 1"]).lines();
    let again = ["--key", "row 1", "--resume-within", "60", "-o", "pictures"];
    let resumed = studio.run(&account, &again);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let told: Vec<_> = resumed.err.lines().take(2).collect();
    let looking = "looking for the run: it may have been started";
    assert_eq!(told, [looking, "started, found in the list"]);
    let resumed = studio
        .run(&account, &["--json", "--key", "row 1", "--resume"])
        .lines();
    assert_eq!(resumed.last().unwrap()["id"], first.last().unwrap()["id"]);
    assert_eq!(account.run(&["workflows"]).printed().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_is_not_saved() {
    let (account, studio) = (Account::of(quick()).await, Studio::new("KSampler"));
    let ran = studio.run(&account, &["-o", "pictures", "--max-bytes", "10"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("it has more than 10 bytes"), "{ran:?}");
    assert_eq!(
        std::fs::read_dir(studio.path("pictures")).unwrap().count(),
        0
    );
}
