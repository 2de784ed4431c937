//! The guide's Python, as it stands there.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};
use std::time::Duration;

use comfycontrol_emulator::{Emulator, EventFault, Fault, FaultRule, KeepAlive, Shape};
use http::StatusCode;
use tokio::time::Instant;

use super::running::{Gateway, gateway, tool};
use super::scripted::{Scripted, Stream};
use crate::support::Account;

/// It is told of a restart in the middle of a stream.
#[tokio::test(flavor = "multi_thread")]
async fn python_makes_a_run_across_a_restart() {
    let Some(mut python) = tool("python3") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder()
        .limit(None)
        .run_time(Duration::from_secs(4))
        .sse_interval(Duration::from_millis(50));
    let account = Account::of(emulator).await;
    let running = Gateway::of(gateway(&account, &["--quiet"]));
    let listen = format!("127.0.0.1:{}", running.port());

    let python = python
        .args(["-c", code(), running.port()])
        .current_dir(&directory);
    let mut python = python.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    let mut next = || tokio::task::block_in_place(|| lines.next()).map(Result::unwrap);
    let name = next().expect("the user's name");
    let mut said = vec![next().expect("a state")];
    assert!(!name.is_empty() && said[0] != "completed", "{said:?}");
    running.terminate();
    running.ended();
    let again = account.command(&["gateway", "--quiet", "--listen", &listen]);
    let _again = Gateway::of(again);
    said.extend(std::iter::from_fn(&mut next));
    assert!(
        tokio::task::block_in_place(|| python.wait())
            .unwrap()
            .success(),
        "{said:?}"
    );
    assert!(said.contains(&ONCE_MORE.to_owned()), "{said:?}");
    let completed = said
        .iter()
        .position(|line| line == "completed")
        .expect("completed");
    assert!(said.len() > completed + 1, "{said:?}");
    for file in &said[completed + 1..] {
        assert!(
            directory.path().join(file).metadata().unwrap().len() > 0,
            "{file}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_fails_where_the_run_does() {
    let failing = code().replace("KSampler", "EmulatedFailure");
    assert_ne!(failing, code());
    let Some(ran) = ran(&failing, None).await else {
        return;
    };
    assert_failed(&ran, "the run has ended as failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn python_ends_where_the_events_are_refused() {
    let not_found = Shape::Api(StatusCode::NOT_FOUND, "no such run".to_owned());
    let Some(ran) = ran(code(), Some(Fault::Respond(not_found))).await else {
        return;
    };
    assert_failed(&ran, "no such run");
}

#[tokio::test(flavor = "multi_thread")]
async fn python_passes_over_what_is_no_state() {
    let error = EventFault::Error {
        after: 1,
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "a moment".to_owned(),
    };
    let faults = KeepAlive::ALL.map(EventFault::KeepAlive);
    for fault in faults.into_iter().chain([error]) {
        let shown = format!("{fault:?}");
        let Some(ran) = ran(code(), Some(Fault::Events(fault))).await else {
            return;
        };
        assert!(ran.status.success(), "{shown}: {ran:?}");
        let said = String::from_utf8(ran.stdout).unwrap();
        // The name comes first, the files last.
        let is_known =
            |line: &&str| ["uploaded", "accepted", "queued", "running", ONCE_MORE].contains(line);
        let mut told = said.lines().skip(1).skip_while(is_known);
        assert_eq!(told.next(), Some("completed"), "{shown}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "a program that runs knows no other time"
)]
async fn python_ends_with_the_run_whatever_becomes_of_the_stream() {
    let completed = "data: {\"status\":\"completed\"}\n\n";
    for (case, streams) in [
        ("it stays open", vec![Stream::Open(completed)]),
        ("it is cut", vec![Stream::Cut(completed)]),
        ("throttled", vec![Stream::Throttled, Stream::Cut(completed)]),
    ] {
        let Some(mut python) = tool("python3") else {
            return;
        };
        let throttled = streams.len() > 1;
        let gateway = Scripted::of(streams);
        python.args(["-c", code(), &gateway.port().to_string()]);
        let began = Instant::now();
        let ran = tokio::task::block_in_place(|| python.output()).unwrap();
        assert!(ran.status.success(), "{case}: {ran:?}");
        // As long as it was asked to.
        assert!(!throttled || began.elapsed() >= Duration::from_secs(2));
        let told = match throttled {
            true => format!("ann\n{ONCE_MORE}\ncompleted\n"),
            false => "ann\ncompleted\n".to_owned(),
        };
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), told, "{case}");
        assert!(!gateway.was_kept_waiting(), "{case}");
    }
}

fn code() -> &'static str {
    let guide = include_str!("../../../../comfycontrol/src/guide/gateway.md");
    let (_, code) = guide.split_once("```python\n").unwrap();
    code.split("```").next().unwrap()
}

/// The program after a run whose events have this fault once; `None` where there is no Python.
async fn ran(code: &str, fault: Option<Fault>) -> Option<Output> {
    let mut python = tool("python3")?;
    let emulator = Emulator::builder()
        .limit(None)
        .run_time(Duration::from_millis(200))
        .sse_interval(Duration::from_millis(50));
    let account = Account::of(emulator).await;
    if let Some(fault) = fault {
        let faults = account.emulator.faults();
        faults.add(FaultRule::next(1, fault).path_end("/subscribe"));
    }
    let running = Gateway::of(gateway(&account, &["--quiet"]));
    let directory = tempfile::tempdir().unwrap();
    python
        .args(["-c", code, running.port()])
        .current_dir(&directory);
    Some(tokio::task::block_in_place(|| python.output()).unwrap())
}

#[track_caller]
fn assert_failed(ran: &Output, complaint: &str) {
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(
        said.contains(complaint) && !said.contains("Traceback"),
        "{said}"
    );
}

const ONCE_MORE: &str = "the stream has ended: once more";
