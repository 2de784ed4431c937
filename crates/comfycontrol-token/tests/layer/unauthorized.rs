//! What comes of a 401.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use comfycontrol_test::{SECOND, arrived, next_request, now, within};
use comfycontrol_token::{AddTokenLayer, TokenHandle, TokenProvider, TokenReplaced};
use http::header::AUTHORIZATION;
use http::{Response, StatusCode};
use tokio::task::JoinSet;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{BoxError, Layer, ServiceExt};

use crate::script::{landed, scripted};
use crate::support::{Req, get, mocked, origin, over, token, token_of, unauthorized};

#[tokio::test(start_paused = true)]
async fn fifty_concurrent_401s_read_once_and_all_are_told_of_the_new_token() {
    let (source, script) = scripted(["old", "new"]);
    let provider = TokenProvider::new(source);
    provider.preload().unwrap();
    let layer = AddTokenLayer::new(origin(), provider);
    // All are on the way before the first has its response.
    let service = layer.layer(tower::service_fn(|request: Req| async move {
        time::sleep(Duration::from_millis(1)).await;
        Ok::<_, BoxError>(match request.headers()[AUTHORIZATION] == "Bearer cfc_new" {
            true => Response::new(""),
            false => unauthorized(),
        })
    }));
    let mut calls: JoinSet<_> = (0..50).map(|_| service.clone().oneshot(get())).collect();
    while let Some(call) = within(60 * SECOND, calls.join_next()).await {
        let response = call.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert!(response.extensions().get::<TokenReplaced>().is_some());
    }
    assert_eq!(script.reads(), 2);
    assert_eq!(
        within(60 * SECOND, service.oneshot(get()))
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn a_401_without_a_new_token_is_read_for_once_and_marks_nothing() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::UNAUTHORIZED);
    service.provider().preload().unwrap();
    for _ in 0..10 {
        let response = within(60 * SECOND, service.clone().oneshot(get()))
            .await
            .unwrap();
        assert!(response.extensions().get::<TokenReplaced>().is_none());
    }
    assert_eq!(script.reads(), 2);
    assert!(service.provider().snapshot().is_unauthorized());
}

#[tokio::test(start_paused = true)]
async fn after_that_an_unauthorized_token_goes_out_at_once_while_the_source_is_read_at_its_own_pace()
 {
    let (source, script) = scripted(["a", "a", "a", "b"]);
    let (mut service, mut handle) = mocked(source);
    service.get_ref().provider().preload().unwrap();
    let gate = script.gate();
    for reads in [2, 3, 4] {
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(get()));
        assert_pending!(call.poll());
        let (request, send) = next_request(&mut handle);
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer cfc_a");
        send.send_response(unauthorized());
        if reads == 2 {
            // The first time it is worth waiting for.
            assert_pending!(call.poll());
            gate.send(()).unwrap();
            landed(&script, reads).await;
        }
        let response = assert_ready_ok!(call.poll());
        assert!(response.extensions().get::<TokenReplaced>().is_none());
        if reads > 2 {
            gate.send(()).unwrap();
            landed(&script, reads).await;
        }
        // What was read at once is made up for.
        time::advance(Duration::from_secs(2)).await;
    }
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_b");
}

#[tokio::test(start_paused = true)]
async fn a_source_with_another_token_at_each_reading_is_read_once_a_second_and_the_first_time_at_once()
 {
    let (source, script) = scripted([
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
    ]);
    let service = over(source, |_| StatusCode::UNAUTHORIZED);
    service.provider().preload().unwrap();
    let begun = now();
    within(60 * SECOND, service.clone().oneshot(get()))
        .await
        .unwrap();
    assert_eq!((script.reads(), begun.elapsed()), (2, Duration::ZERO));
    while begun.elapsed() < 5 * SECOND {
        let response = within(60 * SECOND, service.clone().oneshot(get()))
            .await
            .unwrap();
        assert!(response.extensions().get::<TokenReplaced>().is_some());
        assert!(script.reads() as u64 <= 2 + begun.elapsed().as_secs());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_accepted_again_is_no_longer_doubted() {
    let (source, script) = scripted(["a"]);
    let hiccups = Arc::new(AtomicUsize::new(1));
    let service = over(source, move |_| {
        match hiccups.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)) {
            Ok(_) => StatusCode::UNAUTHORIZED,
            Err(_) => StatusCode::OK,
        }
    });
    within(60 * SECOND, service.clone().oneshot(get()))
        .await
        .unwrap();
    assert!(service.provider().snapshot().is_unauthorized());
    within(60 * SECOND, service.clone().oneshot(get()))
        .await
        .unwrap();
    assert!(!service.provider().snapshot().is_unauthorized());
    assert_eq!(script.reads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_changed_meanwhile_is_announced_without_a_reading() {
    let (source, script) = scripted(["old", "new"]);
    let (mut service, mut handle) = mocked(source);
    service.get_ref().provider().preload().unwrap();
    let mut slow = task::spawn(service.call(get()));
    assert_pending!(slow.poll());
    let send = arrived(&mut handle);
    time::advance(Duration::from_secs(1)).await;
    assert_ready_ok!(service.poll_ready());
    drop(task::spawn(service.call(get())));
    landed(&script, 2).await;

    send.send_response(unauthorized());
    let response = assert_ready_ok!(slow.poll());
    assert!(response.extensions().get::<TokenReplaced>().is_some());
    assert_eq!(script.reads(), 2);
}

#[test]
fn a_403_reads_nothing() {
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    service.get_ref().provider().preload().unwrap();
    let mut call = task::spawn(service.call(get()));
    let send = arrived(&mut handle);
    send.send_response(Response::builder().status(403).body("").unwrap());
    assert_ready_ok!(call.poll());
    assert_eq!(script.reads(), 1);
}

#[test]
fn a_handle_settles_a_401_at_once() {
    let handle = TokenHandle::new(token("old"));
    for (rotates, marked) in [(false, false), (true, true)] {
        let (mut service, mut mock) = mocked(handle.clone());
        let mut call = task::spawn(service.call(get()));
        let send = arrived(&mut mock);
        if rotates {
            handle.rotate(token("new"));
        }
        send.send_response(unauthorized());
        let response = assert_ready_ok!(call.poll());
        assert_eq!(
            response.extensions().get::<TokenReplaced>().is_some(),
            marked
        );
    }
}
