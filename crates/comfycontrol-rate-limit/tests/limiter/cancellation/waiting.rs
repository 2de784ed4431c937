//! Calls that are given up before their request has left: that costs no other call anything.

use comfycontrol_test::next_request;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

use crate::mocked::{call, exchange, spawn};
use crate::support::*;
use crate::traffic::{BOTH, limiter};

#[tokio::test(start_paused = true)]
async fn a_call_arrives_when_its_future_is_polled_for_the_first_time() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    let idle = call(&mut service, "idle");
    let mut keen = call(&mut service, "keen");
    assert_pending!(keen.poll());
    assert_eq!(*next_request(&mut handle).0.body(), "keen");
    drop(idle);
    assert_eq!(limiter.snapshot().granted(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_calls_that_wait_costs_nothing() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    let mut calls: Vec<_> = (0..100).map(|_| call(&mut service, "ghost")).collect();
    calls.push(call(&mut service, "real"));
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    let mut real = calls.pop().unwrap();
    drop(calls);
    assert_eq!(limiter.snapshot().queued(), 1);
    time::advance(WINDOW + MILLISECOND).await;
    assert!(real.is_woken());
    assert_pending!(real.poll());
    assert_eq!(*next_request(&mut handle).0.body(), "real");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_that_was_granted_its_slot_hands_the_slot_on() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    let mut granted = call(&mut service, "granted");
    let mut next = call(&mut service, "next");
    assert_pending!(granted.poll());
    assert_pending!(next.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert!(granted.is_woken() && !next.is_woken());
    drop(granted);
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_ghost() {
    for algorithm in BOTH {
        let [with, without] = [true, false].map(|ghost| async move {
            let limiter = limiter(2, algorithm);
            respond(send(&limiter));
            respond(send(&limiter));
            let mut first = task::spawn(limiter.acquire());
            if ghost {
                assert_pending!(first.poll());
            }
            let mut second = task::spawn(limiter.acquire());
            assert_pending!(second.poll());
            time::advance(3 * SECOND).await;
            drop(first);
            let start = now();
            drop(within(YEAR, second).await.unwrap());
            now() - start
        });
        assert_eq!(with.await, without.await);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_up_waiting_mints_nothing() {
    for algorithm in BOTH {
        let limiter = limiter(4, algorithm);
        (0..4).for_each(|_| respond(send(&limiter)));
        for _ in 0..40 {
            let mut call = task::spawn(limiter.acquire());
            assert_pending!(call.poll());
        }
        assert_eq!(limiter.snapshot().free(), 0);
        time::advance(3 * WINDOW).await;
        assert_eq!(limiter.snapshot().free(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_a_call_consumes_nothing() {
    let limiter = sliding(1);
    respond(send(&limiter));
    for _ in 0..50 {
        time::timeout(100 * MILLISECOND, limiter.acquire())
            .await
            .unwrap_err();
    }
    let start = now();
    drop(within(YEAR, limiter.acquire()).await.unwrap());
    assert!(now() - start < 6 * SECOND);
    assert_eq!(limiter.snapshot().granted(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_forgotten_does_not_stop_the_queue() {
    let limiter = sliding(1);
    respond(send(&limiter));
    let mut forgotten = Box::pin(limiter.acquire());
    let poll = forgotten
        .as_mut()
        .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(poll.is_pending());
    std::mem::forget(forgotten);
    let mut next = task::spawn(limiter.acquire());
    assert_pending!(next.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert!(!next.is_woken());
    time::advance(SECOND + MILLISECOND).await;
    let _permit = assert_ready_ok!(next.poll());
}
