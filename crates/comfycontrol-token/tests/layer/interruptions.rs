//! Whatever dies meanwhile: the call, the runtime, the source.

use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use comfycontrol_test::{SECOND, paused, within};
use comfycontrol_token::{SourceErrorKind, TokenWithheld};
use http::StatusCode;
use tokio::{runtime, time};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::ServiceExt;

use crate::script::{landed, scripted};
use crate::support::{get, mocked, over, token_of, until};

/// Drops the call after each number of polls, with the reading landing before or after, and sees
/// that the next call has its response and that the reading was not lost.
#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_poll_leaves_nothing_wedged() {
    for polls in 0..6 {
        for lands_first in [false, true] {
            let (source, script) = scripted(["old", "new"]);
            let service = over(source, |token| match token {
                "Bearer cfc_new" => StatusCode::OK,
                _ => StatusCode::UNAUTHORIZED,
            });
            let gate = script.gate();
            let mut dropped = task::spawn(service.clone().oneshot(get()));
            for _ in 0..polls {
                if let Poll::Ready(done) = dropped.poll() {
                    done.unwrap();
                    break;
                }
                if lands_first {
                    gate.send(()).unwrap();
                    time::sleep(Duration::from_millis(1)).await;
                }
            }
            drop(dropped);
            (0..4).for_each(|_| gate.send(()).unwrap());
            for _ in 0..3 {
                within(60 * SECOND, service.clone().oneshot(get()))
                    .await
                    .unwrap();
            }
            let response = within(60 * SECOND, service.clone().oneshot(get()))
                .await
                .unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{polls} {lands_first}");
            assert!(script.reads() <= 3, "{polls} {lands_first}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_call_had_read_is_kept() {
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    let gate = script.gate();
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    drop(call);
    gate.send(()).unwrap();
    landed(&script, 1).await;
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(get()));
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    assert_eq!(script.reads(), 1);
}

#[test]
fn a_runtime_that_dies_during_a_reading_does_not_wedge_the_call() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::OK);
    let gate = script.gate();
    let dying = paused();
    let mut waiting = task::spawn(service.oneshot(get()));
    dying.block_on(async { assert_pending!(waiting.poll()) });
    dying.shutdown_background();
    // Its clock has gone with it, which is no reason to give up.
    let alive = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    alive.block_on(async { assert_pending!(waiting.poll()) });
    gate.send(()).unwrap();
    let response = alive.block_on(within(60 * SECOND, waiting)).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(script.reads(), 1);
}

#[test]
fn a_runtime_that_is_dead_already_is_an_error_and_the_next_call_starts_anew() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::OK);
    let dead = paused();
    let handle = dead.handle().clone();
    dead.shutdown_background();
    let entered = handle.enter();
    let mut call = task::spawn(service.clone().oneshot(get()));
    let error = assert_ready_err!(call.poll())
        .downcast::<TokenWithheld>()
        .unwrap();
    assert_eq!(
        *error.source_error().unwrap().kind(),
        SourceErrorKind::Unread
    );
    assert_eq!(script.reads(), 0);
    drop(entered);

    let response = paused()
        .block_on(within(60 * SECOND, service.oneshot(get())))
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[cfg(all(unix, target_pointer_width = "64"))]
#[test]
fn a_runtime_that_cannot_have_a_thread_is_no_hindrance() {
    let (source, script) = scripted(["a"]);
    let service = over(source, |_| StatusCode::OK);
    let barren = runtime::Builder::new_current_thread()
        .enable_time()
        .thread_stack_size(1 << 47) // more than there are addresses
        .build()
        .unwrap();
    let response = barren
        .block_on(within(60 * SECOND, service.oneshot(get())))
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    drop(barren);
    assert_eq!(script.reads(), 1);
}

#[test]
fn a_source_that_hangs_does_not_keep_the_runtime_from_ending() {
    for flavor in [
        runtime::Builder::new_current_thread,
        runtime::Builder::new_multi_thread,
    ] {
        let (source, script) = scripted(["a"]);
        let service = over(source, |_| StatusCode::OK);
        let gate = script.gate();
        service
            .provider()
            .set_read_timeout(Duration::from_millis(20));
        let runtime = flavor().enable_time().build().unwrap();
        runtime
            .block_on(service.clone().oneshot(get()))
            .unwrap_err();
        let (ended, end) = mpsc::channel();
        thread::spawn(move || {
            drop(runtime);
            let _ = ended.send(());
        });
        let end = end.recv_timeout(5 * SECOND);
        assert_eq!(service.provider().snapshot().generation(), 0, "it hangs");
        assert_eq!(script.reads(), 1);
        end.expect("the runtime waits for the source");
        gate.send(()).unwrap();
    }
}

#[test]
fn without_a_runtime_the_source_is_read_on_a_thread() {
    let (source, script) = scripted(["a"]);
    let (mut service, mut handle) = mocked(source);
    let gate = script.gate();
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    gate.send(()).unwrap();
    until(|| call.is_woken());
    assert_pending!(call.poll());
    assert_eq!(token_of(&mut handle), "Bearer cfc_a");
    assert_eq!(script.reads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_does_not_wedge_and_gets_another_chance() {
    let (source, script) = scripted(["panic", "a", "panic", "b"]);
    let service = over(source, |_| StatusCode::OK);
    within(60 * SECOND, service.clone().oneshot(get()))
        .await
        .unwrap_err();
    for (generation, fails) in [(1, false), (1, true), (2, false)] {
        time::advance(Duration::from_secs(1)).await;
        within(60 * SECOND, service.clone().oneshot(get()))
            .await
            .unwrap();
        landed(&script, script.reads()).await;
        let snapshot = service.provider().snapshot();
        assert_eq!(
            (snapshot.generation(), snapshot.error().is_some()),
            (generation, fails)
        );
    }
}

// === support ===
