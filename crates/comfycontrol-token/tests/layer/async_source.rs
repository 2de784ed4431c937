//! An asynchronous source: read concurrently with the requests, by the rules of a blocking one.

use std::time::Duration;

use comfycontrol_test::{SECOND, arrived, paused, within};
use comfycontrol_token::{
    AddTokenLayer, SourceErrorKind, TokenProvider, TokenReplaced, TokenWithheld, WithheldReason,
};
use http::header::AUTHORIZATION;
use http::{Response, StatusCode};
use tokio::task::JoinSet;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use crate::support::{Req, get, mocked, origin, over, token_of, unauthorized};
use crate::vault::{READING, Silent, Vault, vault};

#[tokio::test(start_paused = true)]
async fn a_hundred_calls_without_a_token_wait_for_one_reading() {
    let (provider, vault) = vault(["a"]);
    let service = over(provider, |_| StatusCode::OK);
    let mut calls: JoinSet<_> = (0..100).map(|_| service.clone().oneshot(get())).collect();
    while let Some(call) = within(60 * SECOND, calls.join_next()).await {
        assert_eq!(call.unwrap().unwrap().status(), StatusCode::OK);
    }
    assert_eq!(vault.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_go_on_while_the_source_is_read_again_and_once_a_second() {
    let (provider, vault) = vault(["a", "b"]);
    within(60 * SECOND, provider.preload_async()).await.unwrap();
    let (mut service, mut handle) = mocked(provider);
    time::advance(Duration::from_millis(999)).await;
    drop(task::spawn(service.call(get())));
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    time::advance(Duration::from_millis(1)).await;
    for _ in 0..3 {
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(get()));
        assert_pending!(call.poll());
        assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    }
    time::sleep(2 * READING).await;
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_b");
    assert_eq!(vault.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_say_otherwise_is_read_once_a_minute_of_use() {
    let (vault, script) = Vault::new(["a"]);
    let service = over(TokenProvider::from_async(Silent(vault)), |_| StatusCode::OK);
    for _ in 0..=125 {
        within(60 * SECOND, service.clone().oneshot(get()))
            .await
            .unwrap();
        time::sleep(SECOND).await;
    }
    assert_eq!(script.reads(), 3);
    time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(script.reads(), 3, "an idle client reads nothing");
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_fails_or_panics_keeps_the_token_that_works() {
    let (provider, _) = vault(["a", "", "panic", "panic at once", "b"]);
    let service = over(provider, |_| StatusCode::OK);
    for (generation, problem) in [
        (1, None),
        (1, Some(SourceErrorKind::Other("sealed".into()))),
        (1, Some(SourceErrorKind::Panicked)),
        (1, Some(SourceErrorKind::Panicked)),
        (2, None),
    ] {
        within(60 * SECOND, service.clone().oneshot(get()))
            .await
            .unwrap();
        time::sleep(SECOND + 2 * READING).await;
        let snapshot = service.provider().snapshot();
        assert_eq!(snapshot.generation(), generation);
        assert_eq!(snapshot.error().map(|e| e.kind().clone()), problem);
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_reading_that_panics_is_an_error_and_gets_another_chance() {
    for panics in ["panic", "panic at once"] {
        let (provider, vault) = vault([panics, "a"]);
        let service = over(provider, |_| StatusCode::OK);
        for _ in 0..3 {
            let error = within(60 * SECOND, service.clone().oneshot(get()))
                .await
                .unwrap_err();
            let error = error.downcast::<TokenWithheld>().unwrap();
            assert_eq!(error.reason(), WithheldReason::NoToken);
            assert_eq!(error.source_error().unwrap().name(), "vault");
            assert_eq!(problem_of(&error), SourceErrorKind::Panicked);
        }
        assert_eq!(vault.reads(), 1, "at most once a second");
        time::advance(SECOND).await;
        within(60 * SECOND, service.oneshot(get())).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_never_ends_holds_no_call_up_for_longer_than_the_read_timeout() {
    let (provider, vault) = vault(["never"]);
    let service = over(provider, |_| panic!("sent without a token"));
    for limit in [10 * SECOND, 2 * SECOND] {
        let call = within(limit + SLACK, service.clone().oneshot(get()));
        let mut call = task::spawn(call);
        assert_pending!(call.poll());
        time::advance(limit - SLACK).await;
        assert_pending!(call.poll());
        let error = call.await.unwrap_err();
        let error = error.downcast::<TokenWithheld>().unwrap();
        assert_eq!(error.reason(), WithheldReason::ReadTimedOut);
        service.provider().set_read_timeout(2 * SECOND);
    }
    assert_eq!(vault.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_never_ends_holds_nobody_up() {
    let (provider, vault) = vault(["a", "never"]);
    let service = over(provider, |_| StatusCode::OK);
    within(60 * SECOND, service.clone().oneshot(get()))
        .await
        .unwrap();
    for _ in 0..5 {
        time::advance(SECOND).await;
        assert_ready_ok!(task::spawn(service.clone().oneshot(get())).poll());
    }
    assert_eq!(vault.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn concurrent_401s_have_the_source_read_once_and_are_marked() {
    let (provider, vault) = vault(["old", "new"]);
    within(60 * SECOND, provider.preload_async()).await.unwrap();
    // All are on the way before the first has its response.
    let service = AddTokenLayer::new(origin(), provider).layer(service_fn(async |request: Req| {
        time::sleep(Duration::from_millis(1)).await;
        Ok::<_, BoxError>(match request.headers()[AUTHORIZATION] == "Bearer cfc_new" {
            true => Response::new(""),
            false => unauthorized(),
        })
    }));
    let mut calls: Vec<_> = (0..50)
        .map(|_| task::spawn(service.clone().oneshot(get())))
        .collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    for call in calls {
        let response = within(60 * SECOND, call).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.extensions().get::<TokenReplaced>().is_some());
    }
    assert_eq!(vault.reads(), 2);
    let response = within(60 * SECOND, service.oneshot(get())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_401_without_a_new_token_is_read_for_once_and_handed_on() {
    let (provider, vault) = vault(["a"]);
    within(60 * SECOND, provider.preload_async()).await.unwrap();
    let service = over(provider, |_| StatusCode::UNAUTHORIZED);
    for _ in 0..10 {
        let response = within(60 * SECOND, service.clone().oneshot(get()))
            .await
            .unwrap();
        assert!(response.extensions().get::<TokenReplaced>().is_none());
    }
    assert_eq!(vault.reads(), 2);
    assert!(service.provider().snapshot().is_unauthorized());
}

#[tokio::test(start_paused = true)]
async fn a_401_is_held_back_no_longer_than_the_read_timeout() {
    let (provider, _) = vault(["a", "never"]);
    within(60 * SECOND, provider.preload_async()).await.unwrap();
    let (mut service, mut handle) = mocked(provider);
    let mut call = task::spawn(service.call(get()));
    arrived(&mut handle).send_response(unauthorized());
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(9_990)).await;
    assert_pending!(call.poll());
    time::advance(Duration::from_millis(20)).await;
    assert!(call.is_woken());
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(start_paused = true)]
async fn a_reading_goes_on_when_all_who_wait_for_it_are_dropped() {
    let (provider, vault) = vault(["a"]);
    let (mut service, mut handle) = mocked(provider);
    for _ in 0..3 {
        let mut call = task::spawn(service.call(get()));
        assert_pending!(call.poll());
        drop(call);
        assert_ready_ok!(service.poll_ready());
    }
    time::sleep(2 * READING).await;
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    assert_eq!(vault.reads(), 1);
}

#[test]
fn a_runtime_that_dies_during_a_reading_has_the_next_one_read_anew() {
    let (provider, vault) = vault(["a"]);
    let service = over(provider, |_| StatusCode::OK);
    let dying = paused();
    let mut waiting: Vec<_> = (0..3)
        .map(|_| task::spawn(service.clone().oneshot(get())))
        .collect();
    dying.block_on(async {
        for call in &mut waiting {
            assert_pending!(call.poll());
        }
        time::sleep(READING / 2).await;
    });
    assert_eq!(vault.reads(), 1);
    drop(dying);
    assert!(waiting.iter().all(task::Spawn::is_woken));
    paused().block_on(async {
        for call in waiting {
            assert_eq!(
                within(60 * SECOND, call).await.unwrap().status(),
                StatusCode::OK
            );
        }
    });
    assert_eq!(vault.reads(), 2);
}

#[test]
fn a_runtime_that_is_dead_already_is_an_error_and_the_next_call_starts_anew() {
    let (provider, vault) = vault(["a"]);
    let service = over(provider, |_| StatusCode::OK);
    let dead = paused();
    let handle = dead.handle().clone();
    drop(dead);
    let entered = handle.enter();
    let error = assert_ready_err!(task::spawn(service.clone().oneshot(get())).poll());
    let error = error.downcast::<TokenWithheld>().unwrap();
    assert_eq!(problem_of(&error), SourceErrorKind::Unread);
    assert_eq!(vault.reads(), 0);
    drop(entered);
    let response = paused()
        .block_on(within(60 * SECOND, service.oneshot(get())))
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[test]
fn without_a_runtime_there_is_no_reading_and_the_error_says_so() {
    let (provider, vault) = vault(["a"]);
    let service = over(provider, |_| StatusCode::OK);
    let error = assert_ready_err!(task::spawn(service.oneshot(get())).poll());
    let error = error.downcast::<TokenWithheld>().unwrap();
    assert_eq!(error.reason(), WithheldReason::NoToken);
    assert_eq!(problem_of(&error), SourceErrorKind::NoRuntime);
    assert_eq!(vault.reads(), 0);
}

#[test]
fn without_a_runtime_a_token_that_was_read_in_one_goes_out_all_the_same() {
    let (provider, vault) = vault(["a"]);
    paused()
        .block_on(within(60 * SECOND, provider.preload_async()))
        .unwrap();
    let (mut service, mut handle) = mocked(provider);
    let mut call = task::spawn(service.call(get()));
    arrived(&mut handle).send_response(unauthorized());
    let response = assert_ready_ok!(call.poll());
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(vault.reads(), 1);
}

// === support ===

const SLACK: Duration = Duration::from_millis(10);

fn problem_of(error: &TokenWithheld) -> SourceErrorKind {
    error.source_error().unwrap().kind().clone()
}
