//! What keeps the time: runtimes that are gone or idle. Real clocks and threads where it takes
//! several runtimes; such a test fails by a watchdog and never hangs.

use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, Permit, Quota, Rejected};
use comfycontrol_test::paused;
use http::Response;
use tokio::runtime::{Builder, Runtime};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

use super::support::*;
use super::watchdog::*;

// === several runtimes ===

#[test]
fn a_runtime_that_is_gone_takes_nobodys_time_along() {
    within_seconds(|| {
        let limiter = limiter(1, 300 * MILLISECOND);
        let (gone, alive) = (current_thread(), current_thread());
        let first = wait_in(&gone, &limiter);
        // This one relies on a timer of its own, or on the other's: either way it is served.
        let mut second = Box::pin(limiter.acquire());
        alive.block_on(async { assert_pending!(poll_once(second.as_mut())) });
        drop(gone);
        drop(first);
        drop(alive.block_on(second).unwrap());
        clean(&limiter);
    });
}

#[test]
fn a_limiter_of_two_hundred_years_keeps_the_time_too() {
    within_seconds(|| {
        paused().block_on(async {
            let limiter = limiter(1, SECOND);
            time::advance(Duration::from_secs(200 * 365 * 24 * 3_600)).await;
            use_slot(&limiter).await;
            let before = now();
            use_slot(&limiter).await;
            assert!(now() - before >= SECOND);
            clean(&limiter);
        });
    });
}

#[test]
fn a_runtime_that_goes_while_it_keeps_the_time_wakes_those_who_wait() {
    within_seconds(|| {
        let limiter = limiter(1, 3_600 * SECOND);
        let gone = current_thread();
        let mut call = wait_in(&gone, &limiter);
        drop(gone);
        assert!(call.is_woken(), "somebody else must keep the time");
        let alive = current_thread();
        alive.block_on(async { assert_pending!(call.poll()) });
        limiter.set_quota(Quota::new(1, 20 * MILLISECOND).unwrap());
        drop(alive.block_on(call).unwrap());
        clean(&limiter);
    });
}

#[test]
fn a_runtime_that_nobody_drives_keeps_nobody_waiting() {
    within_seconds(|| {
        let limiter = limiter(1, 20 * MILLISECOND);
        let (idle, driven) = (current_thread(), current_thread());
        let first = wait_in(&idle, &limiter);
        // The idle one's slot lapses, then this one is served.
        drop(driven.block_on(limiter.acquire()).unwrap());
        drop(first);
        clean(&limiter);
    });
}

#[test]
fn a_runtime_that_is_driven_again_goes_on() {
    within_seconds(|| {
        let limiter = limiter(1, 20 * MILLISECOND);
        let (idle, driven) = (current_thread(), current_thread());
        let first = wait_in(&idle, &limiter);
        driven.block_on(use_slot(&limiter));
        drop(idle.block_on(first).unwrap());
        clean(&limiter);
    });
}

#[test]
fn calls_from_several_runtimes_are_all_served() {
    within_seconds(|| {
        let limiter = limiter(4, 10 * MILLISECOND);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    current_thread().block_on(async {
                        for _ in 0..10 {
                            use_slot(&limiter).await;
                        }
                    });
                });
            }
        });
        assert_eq!(limiter.snapshot().granted(), 41 - 1);
        clean(&limiter);
    });
}

#[test]
fn short_lived_runtimes_leave_no_call_behind() {
    within_seconds(|| {
        let limiter = limiter(1, 5 * MILLISECOND);
        let waiting = {
            let limiter = limiter.clone();
            thread::spawn(move || {
                current_thread().block_on(async {
                    for _ in 0..20 {
                        use_slot(&limiter).await;
                    }
                });
            })
        };
        while !waiting.is_finished() {
            let short = current_thread();
            let mut call = task::spawn(limiter.acquire());
            _ = short.block_on(async { call.poll().is_ready() });
            drop(short);
        }
        waiting.join().unwrap();
        clean(&limiter);
    });
}

#[test]
fn slots_can_be_given_back_outside_any_runtime() {
    within_seconds(|| {
        // The permit.
        let limiter = limiter(1, 3_600 * SECOND);
        let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
        let waiting = wait_elsewhere(&limiter);
        drop(permit);
        drop(waiting.join().unwrap());
        clean(&limiter);
        // The response, after which the time begins to run.
        let limiter = self::limiter(1, 50 * MILLISECOND);
        let flight = assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch();
        let waiting = wait_elsewhere(&limiter);
        flight.settle(&Response::new(()));
        drop(waiting.join().unwrap());
        clean(&limiter);
    });
}

#[test]
fn tasks_that_wait_when_their_runtime_is_shut_down_leave_nothing_behind() {
    within_seconds(|| {
        let limiter = limiter(1, 3_600 * SECOND);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        for _ in 0..100 {
            let limiter = limiter.clone();
            runtime.spawn(async move { drop(limiter.acquire().await.unwrap().dispatch()) });
        }
        while limiter.snapshot().queued() < 99 {
            thread::yield_now();
        }
        drop(runtime);
        clean(&limiter);
    });
}

// === one runtime ===

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_by_hours_serves_those_who_wait_and_no_more() {
    let limiter = limiter(2, 10 * SECOND);
    spend(&limiter, 1);
    spend(&limiter, 1);
    let mut calls: Vec<_> = (0..5).map(|_| task::spawn(limiter.acquire())).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    time::advance(3_600 * SECOND).await;
    assert_eq!(calls.iter().filter(|call| call.is_woken()).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_budget_is_spent_gets_its_slot_and_its_timer() {
    let limiter = limiter(1, 10 * SECOND);
    let served = tokio::spawn(async move {
        let mut calls = [0, 1].map(|_| {
            Box::pin({
                let limiter = limiter.clone();
                async move {
                    limiter
                        .acquire()
                        .await
                        .map(|permit| permit.dispatch().settle(&Response::new(())))
                }
            })
        });
        std::future::poll_fn(|cx| {
            while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
            assert!(calls[0].as_mut().poll(cx).is_ready(), "a slot was free");
            assert!(calls[1].as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let [_, second] = calls;
        second.await.unwrap();
    });
    within(60 * SECOND, served).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_moves_to_another_task_is_woken_there() {
    let limiter = limiter(1, 10 * SECOND);
    spend(&limiter, 1);
    let mut call = Box::pin(limiter.acquire());
    let mut here = task::spawn(std::future::poll_fn(|cx| call.as_mut().poll(cx)));
    assert_pending!(here.poll());
    drop(here);
    let mut there = task::spawn(call);
    assert_pending!(there.poll());
    time::advance(11 * SECOND).await;
    assert!(there.is_woken());
}

// === support ===

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// A call that waits in `runtime`, after all has been spent.
fn wait_in<'a>(
    runtime: &Runtime,
    limiter: &'a Limiter,
) -> task::Spawn<impl Future<Output = Result<Permit, Rejected>> + use<'a>> {
    spend(limiter, 1);
    let mut call = task::spawn(limiter.acquire());
    runtime.block_on(async { assert_pending!(call.poll()) });
    call
}

/// A thread with a runtime in which a call waits already.
fn wait_elsewhere(limiter: &Limiter) -> thread::JoinHandle<Result<Permit, Rejected>> {
    let waiting = limiter.clone();
    let thread = thread::spawn(move || current_thread().block_on(waiting.acquire()));
    while limiter.snapshot().queued() == 0 {
        thread::yield_now();
    }
    thread
}
