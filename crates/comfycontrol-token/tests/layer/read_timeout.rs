//! A source whose reading never ends holds no call up without end.

use std::time::Duration;

use comfycontrol_test::{SECOND, arrived};
use comfycontrol_token::{
    SourceErrorKind, TokenProvider, TokenReplaced, TokenWithheld, WithheldReason,
};
use http::StatusCode;
use tokio::time;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};

use crate::script::{landed, scripted};
use crate::support::{get, mocked, token_of, unauthorized};

#[tokio::test(start_paused = true)]
async fn a_call_without_a_token_ends_after_ten_seconds_and_says_why() {
    let (source, script) = scripted(["a"]);
    let _shut = script.gate();
    let (mut service, mut handle) = mocked(source);
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(9_990)).await;
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(20)).await;
    assert!(call.is_woken());
    let error = assert_ready_err!(call.poll())
        .downcast::<TokenWithheld>()
        .unwrap();
    assert_eq!(error.reason(), WithheldReason::ReadTimedOut);
    let source = error.source_error().unwrap();
    assert_eq!(source.name(), "script");
    assert_eq!(*source.kind(), SourceErrorKind::TimedOut);
    assert_pending!(handle.poll_request());
}

#[tokio::test(start_paused = true)]
async fn what_is_read_after_that_serves_the_next_call() {
    let (source, script) = scripted(["a"]);
    let gate = script.gate();
    let provider = TokenProvider::new(source);
    provider.set_read_timeout(SECOND);
    let (mut service, mut handle) = mocked(provider);
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    time::advance(2 * SECOND).await;
    assert_ready_err!(call.poll());
    gate.send(()).unwrap();
    landed(&script, 1).await;
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_401_is_handed_on_as_it_is_when_the_time_is_up() {
    let (source, script) = scripted(["a", "b"]);
    let provider = TokenProvider::new(source);
    provider.preload().unwrap();
    let _shut = script.gate();
    provider.set_read_timeout(SECOND);
    let (mut service, mut handle) = mocked(provider);
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    let send = arrived(&mut handle);
    send.send_response(unauthorized());
    assert_pending!(call.poll());
    time::advance(2 * SECOND).await;
    assert!(call.is_woken());
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.extensions().get::<TokenReplaced>().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_token_in_doubt_goes_out_when_the_time_is_up() {
    let (source, script) = scripted(["a", "b"]);
    let provider = TokenProvider::new(source);
    provider.preload().unwrap();
    let _shut = script.gate();
    provider.set_read_timeout(SECOND);
    let (mut service, mut handle) = mocked(provider);
    // A 401, and the source has not yet said whether there is another.
    let mut first = task::spawn(service.call(get()));
    assert_pending!(first.poll());
    arrived(&mut handle).send_response(unauthorized());
    assert_pending!(first.poll());
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    assert_pending!(handle.poll_request());
    time::advance(2 * SECOND).await;
    assert_pending!(call.poll());
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_for_all_readings_that_one_call_waits_for() {
    let (source, script) = scripted(["a", "a", "a"]);
    let provider = TokenProvider::new(source);
    provider.preload().unwrap();
    let gate = script.gate();
    provider.set_read_timeout(2 * SECOND);
    let (mut service, mut handle) = mocked(provider);
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    // A reading that began before the 401 does not settle it, so the call waits for another.
    time::advance(SECOND).await;
    assert_ready_ok!(service.poll_ready());
    drop(task::spawn(service.call(get())));
    arrived(&mut handle).send_response(unauthorized());
    assert_pending!(call.poll());
    time::advance(SECOND).await;
    gate.send(()).unwrap();
    landed(&script, 2).await;
    assert_pending!(call.poll());
    time::advance(SECOND).await;
    assert_ready!(call.poll()).unwrap();
}
