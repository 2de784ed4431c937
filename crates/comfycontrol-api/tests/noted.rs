//! What is written down before a run is started, so that a program that is killed finds it again.

#[path = "support/emulated.rs"]
mod emulated;

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use comfycontrol::RateLimitMode;
use comfycontrol_api::{Api, NewWorkflow, Run, WorkflowSummary};
use comfycontrol_emulator::{Emulator, Ending, Fault, FaultRule};
use comfycontrol_test::SECOND;
use futures_util::{FutureExt, TryStreamExt};
use http::Method;
use tokio::sync::Notify;

#[tokio::test]
async fn nothing_is_started_before_it_is_noted() {
    let server = Server::start().await;
    let asked = Arc::new(Notify::new());
    let tell = asked.clone();
    let never = server.run().before_sending(move || {
        tell.notify_one();
        pending()
    });
    tokio::select! {
        _ = never.start() => panic!("it was started"),
        () = asked.notified() => {}
    }
    assert_eq!(server.runs().await.len(), 0);
}

#[tokio::test]
async fn what_cannot_be_noted_is_not_sent_and_not_looked_for() {
    let server = Server::start().await;
    let full = || async { Err(io::ErrorKind::StorageFull.into()) };
    server.run().before_sending(full).start().await.unwrap_err();
    let requests = server.emulator.captured_requests();
    assert!(requests.iter().all(|seen| seen.method() == Method::POST));
    assert_eq!(server.runs().await.len(), 0);
}

#[tokio::test]
async fn each_sending_is_noted_and_one_start_is_one_request() {
    let server = Server::start().await;
    let noted = Arc::new(AtomicU32::new(0));
    let run = |server: &Server| {
        let count = noted.clone();
        server.run().before_sending(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        })
    };
    let started = run(&server).start().await.unwrap();
    assert!(!started.adopted && started.run.name.starts_with("Sunset ["));
    assert_eq!(server.emulator.captured_requests().len(), 1);
    assert_eq!(noted.load(Ordering::Relaxed), 1);

    let cut = FaultRule::next(1, Fault::End(Ending::Close)).method(Method::POST);
    server.emulator.faults().add(cut);
    let again = run(&server).settle_after(Duration::ZERO).start();
    assert!(!again.await.unwrap().adopted);
    assert_eq!(noted.load(Ordering::Relaxed), 3);
    assert_eq!(server.runs().await.len(), 2);
}

#[tokio::test]
async fn a_body_that_can_be_sent_once_is_noted_too() {
    let server = Server::start().await;
    let photo =
        comfycontrol::Body::from_stream(async { Ok::<_, io::Error>("pixels") }.into_stream());
    let new = NewWorkflow::new("Sunset", r#"{"6": {}}"#).file("photo", "a.png", photo);
    let noted = Arc::new(AtomicU32::new(0));
    let count = noted.clone();
    let run = server.api.run(new).before_sending(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    run.start().await.unwrap();
    assert_eq!(noted.load(Ordering::Relaxed), 1);
}

// === support ===

struct Server {
    emulator: Emulator,
    api: Api,
}

impl Server {
    async fn start() -> Self {
        let emulator = Emulator::builder().limit(None).start().await.unwrap();
        let client = emulated::builder(&emulator, "cfc_noted0noted0noted0");
        let client = client.rate_limit(RateLimitMode::Off).timeout(30 * SECOND);
        let api = Api::new(client.build().unwrap());
        Self { emulator, api }
    }

    fn run(&self) -> Run {
        let new = NewWorkflow::new("Sunset", r#"{"6": {}}"#);
        self.api.run(new.text("prompt", "a sunset"))
    }

    async fn runs(&self) -> Vec<WorkflowSummary> {
        let runs = self.api.workflows().list().items();
        runs.try_collect().await.unwrap()
    }
}
