//! Several runtimes at once, and one that has gone: no call is polled for nothing, and none spins.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use comfycontrol_rate_limit::Limiter;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::support::*;
use super::watchdog::{clean, limiter, within_seconds};

const CALLS: usize = 500;

#[test]
fn a_crowd_on_several_runtimes_is_polled_no_more_than_on_one() {
    within_seconds(|| {
        for runtimes in [1, 2, 4, 8] {
            let (limiter, polls) = (limiter(40, 10 * MILLISECOND), AtomicUsize::new(0));
            thread::scope(|scope| {
                for _ in 0..runtimes {
                    scope.spawn(|| crowd(&limiter, &polls));
                }
            });
            let per_call = polls.load(Ordering::Relaxed) as f64 / (runtimes * CALLS) as f64;
            assert!(
                per_call <= 3.0,
                "{per_call} polls a call in {runtimes} runtimes"
            );
            clean(&limiter);
        }
    });
}

#[test]
fn to_wait_in_a_runtime_that_has_gone_ends_as_its_own_timers_do() {
    within_seconds(|| {
        let gone = Builder::new_current_thread().enable_time().build().unwrap();
        let handle = gone.handle().clone();
        drop(gone);
        let limiter = limiter(1, 3_600 * SECOND);
        spend(&limiter, 1);
        let polls = AtomicUsize::new(0);
        let waited = catch_unwind(AssertUnwindSafe(|| {
            let mut call = pin!(limiter.acquire());
            handle.block_on(std::future::poll_fn(|cx| {
                if polls.fetch_add(1, Ordering::Relaxed) > 100 {
                    return Poll::Ready(());
                }
                call.as_mut().poll(cx).map(drop)
            }));
        }));
        let slept = catch_unwind(|| handle.block_on(async { tokio::time::sleep(SECOND).await }));
        assert_eq!(polls.load(Ordering::Relaxed), 1, "it spins");
        assert_eq!(message(waited), message(slept));
        clean(&limiter);
    });
}

// === support ===

/// So many calls in a runtime of their own.
fn crowd(limiter: &Limiter, polls: &AtomicUsize) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut calls = JoinSet::new();
        for _ in 0..CALLS {
            let limiter = limiter.clone();
            calls.spawn(async move {
                let (mut call, mut polls) = (pin!(limiter.acquire()), 0);
                let permit = std::future::poll_fn(|cx| {
                    polls += 1;
                    call.as_mut().poll(cx)
                });
                respond(permit.await.unwrap().dispatch());
                polls
            });
        }
        let seen: usize = calls.join_all().await.into_iter().sum();
        polls.fetch_add(seen, Ordering::Relaxed);
    });
}

fn message(result: thread::Result<()>) -> String {
    let payload = result.expect_err("it ends in a panic");
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .expect("a text")
}
