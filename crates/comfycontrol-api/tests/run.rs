//! A run in one call, against an emulated API over TLS.

#[path = "support/emulated.rs"]
mod emulated;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol::rate_limit::Quota;
use comfycontrol::{ErrorKind, RateLimitMode};
use comfycontrol_api::{
    Api, InvalidField, NewWorkflow, Run, RunProgress, UnreadableFile, WorkflowEnded, WorkflowStatus,
};
use comfycontrol_emulator::{Emulator, EmulatorBuilder};
use comfycontrol_test::{MILLISECOND, SECOND};

const GRAPH: &str = r#"{"1": {"class_type": "LoadImage", "inputs": {"image": "$file(photo)"}}}"#;
const FAILING: &str = r#"{"1": {"class_type": "EmulatedFailure", "inputs": {}}}"#;

#[tokio::test]
async fn from_a_graph_to_saved_files_in_one_call() {
    let server = Server::start(RateLimitMode::Off).await;
    let dir = tempfile::tempdir().unwrap();
    let (graph, photo) = (dir.path().join("sunset.json"), dir.path().join("photo.png"));
    std::fs::write(&graph, GRAPH).unwrap();
    std::fs::write(&photo, vec![7; 300_000]).unwrap();

    let sunset = NewWorkflow::from_file(&graph).await.unwrap();
    let sunset = sunset.text("prompt", "a sunset").file_path("photo", &photo);
    let run = server.api.run(sunset).key("row 17");
    assert_eq!(run.name(), "sunset [row 17]");
    let (run, told) = told(run);
    let outcome = run.await.unwrap();
    assert_eq!(outcome.name(), "sunset [row 17]");
    assert!(!outcome.was_adopted());
    assert_eq!(outcome.update().status, WorkflowStatus::Completed);
    assert_eq!(outcome.update().outputs, outcome.outputs());
    let saved = outcome.save(dir.path().join("pictures")).await.unwrap();
    assert_eq!((saved.len(), outcome.outputs().len()), (2, 2));
    assert!(saved[0].path.ends_with("pictures/image001.png"));

    let detail = server.api.workflows().get(outcome.id()).await.unwrap();
    assert_eq!(detail.name, "sunset [row 17]");
    assert_eq!(
        detail.workflow_params[1],
        ("$file(photo)".to_owned(), "photo.png".into())
    );

    let told = told.lock().unwrap();
    let uploads: Vec<_> = told.iter().filter_map(uploaded).collect();
    let (sent, length) = *uploads.last().unwrap();
    assert!(uploads.len() > 3 && sent > 300_000, "{uploads:?}");
    assert!(uploads.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(length, Some(sent));
    let started = told
        .iter()
        .position(|step| matches!(step, RunProgress::Started { .. }));
    let upload = told.iter().rposition(|step| uploaded(step).is_some());
    assert!(upload < started);
    let lines: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert!(lines.iter().any(|line| line.starts_with("uploading: ")));
    assert_eq!(lines.last().unwrap(), "completed");
}

#[tokio::test]
async fn a_run_that_fails_names_its_node_and_exception_and_a_cancelled_one_is_told_apart() {
    let server = Server::start(RateLimitMode::Off).await;
    let failed = server.api.run(NewWorkflow::new("Sunset", FAILING)).await;
    let failed = failed.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "workflow has ended as failed: EmulatedFailure: EmulatedError: the graph asked to fail"
    );
    let ended: &WorkflowEnded = failed.as_cause().unwrap();
    assert_eq!(ended.status(), &WorkflowStatus::Failed);
    assert_eq!(
        ended.cause().unwrap().node_type.as_deref(),
        Some("EmulatedFailure")
    );
    assert!(failed.call().unwrap().1.starts_with("/v1/workflow/"));

    let workflows = server.api.workflows();
    let run = server.api.run(NewWorkflow::new("Sunset", GRAPH));
    let run = run.on_progress(move |step| {
        if let RunProgress::Update(update) = step
            && update.status == WorkflowStatus::Running
            && let Some(id) = ID.lock().unwrap().clone()
        {
            let workflows = workflows.clone();
            tokio::spawn(async move { workflows.cancel(&id).await });
        } else if let RunProgress::Started { id, .. } = step {
            *ID.lock().unwrap() = Some(id.clone());
        }
    });
    let cancelled = run.await.unwrap_err();
    let ended: &WorkflowEnded = cancelled.as_cause().unwrap();
    assert_eq!(ended.status(), &WorkflowStatus::Cancelled);
}

#[tokio::test]
async fn the_wait_for_a_slot_is_told() {
    let quota = Quota::new(1, SECOND).unwrap();
    let server = Server::start(quota.into()).await;
    server.api.user().await.unwrap();
    let (run, told) = told(server.api.run(NewWorkflow::new("Sunset", GRAPH)));
    let run = tokio::spawn(run.into_future());
    let waiting = async {
        while told.lock().unwrap().is_empty() {
            tokio::time::sleep(10 * MILLISECOND).await;
        }
    };
    tokio::time::timeout(10 * SECOND, waiting).await.unwrap();
    run.abort();
    let first = told.lock().unwrap()[0].clone();
    let RunProgress::Waiting { ahead: 0, wait } = first else {
        panic!("{first:?}")
    };
    assert!((Duration::ZERO..5 * SECOND).contains(&wait), "{wait:?}");
    let shown = first.to_string();
    assert!(
        shown.starts_with("waiting for a slot: 0 before it, about "),
        "{shown}"
    );
}

#[tokio::test]
async fn what_cannot_be_sent_fails_before_anything_is() {
    let server = Server::start(RateLimitMode::Off).await;
    let gone = NewWorkflow::from_file("/nowhere/graph.json")
        .await
        .unwrap_err();
    let gone: &UnreadableFile = gone.as_cause().unwrap();
    assert_eq!(gone.to_string(), "/nowhere/graph.json cannot be read");
    assert_eq!(gone.path(), Path::new("/nowhere/graph.json"));
    assert_eq!(gone.io_error().kind(), io::ErrorKind::NotFound);
    if cfg!(target_os = "linux") {
        // It has no end, and says that it has no length.
        let endless = NewWorkflow::from_file("/dev/zero").await.unwrap_err();
        assert!(endless.as_cause::<UnreadableFile>().is_some());
    }
    let new = || NewWorkflow::new("Sunset", GRAPH);
    let refused = server
        .api
        .run(new().file_path("photo", "/nowhere"))
        .await
        .unwrap_err();
    assert!(refused.as_cause::<UnreadableFile>().is_some());
    for key in [String::new(), "k".repeat(192)] {
        let refused = server.api.run(new()).key(key).await.unwrap_err();
        assert!(refused.as_cause::<InvalidField>().is_some());
        assert_eq!(refused.kind(), ErrorKind::Request);
    }
    assert!(server.emulator.captured_requests().is_empty());
    let run = server.api.run(new()).key("k".repeat(191));
    assert_eq!(run.await.unwrap().name().len(), 200);
}

#[tokio::test]
async fn a_run_that_is_dropped_goes_on_and_is_followed_again() {
    let server = Server::start(RateLimitMode::Off).await;
    let (run, told) = told(server.api.run(NewWorkflow::new("Sunset", GRAPH)));
    let name = run.name();
    let run = tokio::spawn(run.into_future());
    let started = async {
        while !told
            .lock()
            .unwrap()
            .iter()
            .any(|step| matches!(step, RunProgress::Started { .. }))
        {
            tokio::time::sleep(10 * MILLISECOND).await;
        }
    };
    tokio::time::timeout(10 * SECOND, started).await.unwrap();
    run.abort();
    let adopt = server.api.workflows().adopt(name).await.unwrap();
    let outcome = server
        .api
        .workflows()
        .outcome(&adopt.unwrap().id)
        .await
        .unwrap();
    assert_eq!(outcome.outputs().len(), 2);
}

// === support ===

static ID: Mutex<Option<comfycontrol_api::WorkflowId>> = Mutex::new(None);

struct Server {
    emulator: Emulator,
    api: Api,
}

impl Server {
    async fn start(limit: RateLimitMode) -> Self {
        let settings = |builder: EmulatorBuilder| builder.run_time(600 * MILLISECOND);
        let builder = settings(Emulator::builder().limit(None)).sse_interval(20 * MILLISECOND);
        let emulator = builder.start().await.unwrap();
        let client = emulated::builder(&emulator, "cfc_runs0runs0runs0runs").rate_limit(limit);
        let api = Api::new(client.timeout(30 * SECOND).build().unwrap());
        Self { emulator, api }
    }
}

type Told = Arc<Mutex<Vec<RunProgress>>>;

fn told(run: Run) -> (Run, Told) {
    let told = Told::default();
    let steps = told.clone();
    (
        run.on_progress(move |step| steps.lock().unwrap().push(step.clone())),
        told,
    )
}

fn uploaded(step: &RunProgress) -> Option<(u64, Option<u64>)> {
    match step {
        RunProgress::Uploading { sent, length } => Some((*sent, *length)),
        _ => None,
    }
}
