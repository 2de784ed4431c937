//! When the source is read: alone, and concurrently with the requests.

use std::time::Duration;

use comfycontrol_test::{SECOND, within};
use comfycontrol_token::{TokenWithheld, WithheldReason};
use http::StatusCode;
use tokio::task::JoinSet;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::ServiceExt;

use crate::script::{landed, scripted};
use crate::support::{get, mocked, over, token_of};

#[tokio::test(start_paused = true)]
async fn the_first_request_waits_for_the_token_and_takes_the_others_along() {
    let (source, script) = scripted(["a"]);
    let gate = script.gate();
    let service = over(source, |_| StatusCode::OK);
    let mut calls: JoinSet<_> = (0..50).map(|_| service.clone().oneshot(get())).collect();
    started().await;
    assert_eq!(calls.try_join_next().map(|_| ()), None);
    gate.send(()).unwrap();
    while let Some(call) = within(60 * SECOND, calls.join_next()).await {
        assert_eq!(call.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent_and_the_error_names_the_source() {
    let (source, script) = scripted(["", "", "a"]);
    let service = over(source, |_| panic!("sent without a token"));
    for _ in 0..5 {
        let error = within(60 * SECOND, service.clone().oneshot(get()))
            .await
            .unwrap_err();
        let error = error.downcast::<TokenWithheld>().unwrap();
        assert_eq!(error.reason(), WithheldReason::NoToken);
        assert_eq!(error.source_error().unwrap().name(), "script");
    }
    assert_eq!(script.reads(), 1, "asked once, not once a request");
    time::advance(Duration::from_secs(1)).await;
    within(60 * SECOND, service.clone().oneshot(get()))
        .await
        .unwrap_err();
    assert_eq!(script.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_go_on_while_the_source_is_read_again() {
    let (source, script) = scripted(["a", "b"]);
    let (mut service, mut handle) = mocked(source);
    assert_ready_ok!(service.poll_ready());
    let mut first = task::spawn(service.call(get()));
    assert_pending!(first.poll());
    landed(&script, 1).await;
    assert_pending!(first.poll());
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");

    let gate = script.gate();
    time::advance(Duration::from_secs(1)).await;
    for _ in 0..3 {
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(get()));
        assert_pending!(call.poll());
        assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    }
    gate.send(()).unwrap();
    landed(&script, 2).await;
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_b");
    assert_eq!(script.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_reads_nothing() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::OK);
    within(60 * SECOND, service.clone().oneshot(get()))
        .await
        .unwrap();
    time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_service_that_was_made_ready_is_the_one_called_after_the_wait() {
    // The mock panics when an instance is called that was not made ready.
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    landed(&script, 1).await;
    assert_pending!(call.poll());
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
}

// === support ===

/// Lets spawned tasks run up to where they wait. No sleep: that ends only when the reading does.
async fn started() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
