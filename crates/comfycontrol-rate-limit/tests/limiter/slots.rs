//! A slot's way from one request to the next: when it comes back, and to whom it goes.

use comfycontrol_rate_limit::{Limiter, RateLimitLayer};
use comfycontrol_test::next_request;
use http::Response;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok};
use tower::Layer;
use tower_test::mock;

use super::mocked::*;
use super::support::{MILLISECOND, SECOND, WINDOW, builder, quota, sliding};

// === the quota ===

#[tokio::test(start_paused = true)]
async fn a_burst_of_the_whole_quota_leaves_at_once_and_the_next_call_waits() {
    let (mut service, mut handle) = spawn(&Limiter::new(quota(3)));
    let mut calls: Vec<_> = (0..4).map(|_| call(&mut service, "")).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    for call in calls.iter_mut().take(3) {
        respond(&mut handle, "");
        assert_ready_ok!(call.poll());
    }
    assert_pending!(handle.poll_request());
    // A window, the thousandth for drifting clocks, and what the even spread asks for.
    time::advance(10 * SECOND).await;
    assert!(!calls[3].is_woken());
    time::advance(4 * SECOND).await;
    assert!(calls[3].is_woken());
    assert_pending!(calls[3].poll());
    respond(&mut handle, "late");
    assert_eq!(*assert_ready_ok!(calls[3].poll()).body(), "late");
}

#[tokio::test(start_paused = true)]
async fn a_sliding_window_lets_the_whole_quota_go_again_after_one_window() {
    let limiter = sliding(3);
    let (mut service, mut handle) = spawn(&limiter);
    for _ in 0..3 {
        exchange(&mut service, &mut handle);
    }
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(WINDOW).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_slot_comes_back_one_window_after_the_response_and_not_after_the_call() {
    let (mut service, mut handle) = spawn(&sliding(1));
    let mut slow = call(&mut service, "slow");
    assert_pending!(slow.poll());
    let mut next = call(&mut service, "next");
    assert_pending!(next.poll());

    time::advance(30 * SECOND).await;
    assert!(!next.is_woken());
    respond(&mut handle, "");
    assert_ready_ok!(slow.poll());
    time::advance(WINDOW).await;
    assert!(!next.is_woken());
    time::advance(MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn late_counters_keep_each_slot_for_that_much_longer() {
    let limiter = builder(1).count_lag(2 * SECOND).build();
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    time::advance(WINDOW + 2 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_timer_goes_on_after_a_response_that_took_longer_than_any_timer() {
    let (mut service, mut handle) = spawn(&sliding(1));
    exchange(&mut service, &mut handle);
    let mut slow = call(&mut service, "slow");
    let mut next = call(&mut service, "next");
    assert_pending!(slow.poll());
    assert_pending!(next.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert_pending!(slow.poll());
    // The timer rings once more, for a slot that has been taken up meanwhile.
    time::advance(5 * SECOND).await;
    respond(&mut handle, "");
    assert_ready_ok!(slow.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert!(next.is_woken());
}

// === one queue ===

#[tokio::test(start_paused = true)]
async fn calls_leave_in_arrival_order_whichever_clone_or_service_they_come_from() {
    let layer = sliding(1).layer();
    let (inner, mut handle) = mock::pair::<Req, Res>();
    let mut one = layer.layer(inner.clone());
    let mut two = layer.clone().layer(inner);
    let mut three = one.clone();

    let names = ["a", "b", "c", "d", "e", "f"];
    let mut calls: Vec<_> = names
        .into_iter()
        .zip([0, 1, 2, 0, 2, 1])
        .map(|(name, from)| {
            let mut call = call([&mut one, &mut two, &mut three][from], name);
            assert_pending!(call.poll());
            call
        })
        .collect();
    for (name, call) in names.iter().zip(&mut calls) {
        assert_pending!(call.poll());
        let (request, send) = next_request(&mut handle);
        assert_eq!(request.body(), name);
        send.send_response(Response::new(""));
        assert_ready_ok!(call.poll());
        time::advance(WINDOW + MILLISECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn newcomers_do_not_overtake_those_who_wait() {
    let (mut service, mut handle) = spawn(&sliding(1));
    exchange(&mut service, &mut handle);
    let mut waiting = call(&mut service, "waiting");
    assert_pending!(waiting.poll());
    time::advance(WINDOW + MILLISECOND).await;

    // Granted, though not polled yet: a slot that is taken.
    let mut newcomer = call(&mut service, "newcomer");
    assert_pending!(newcomer.poll());
    assert_pending!(waiting.poll());
    assert_eq!(*next_request(&mut handle).0.body(), "waiting");
    assert_pending!(handle.poll_request());
}

#[tokio::test(start_paused = true)]
async fn two_layers_over_one_limiter_share_its_quota() {
    let limiter = sliding(2);
    let (mut one, mut one_handle) = spawn(&limiter);
    let (mut two, mut two_handle) = spawn(&limiter);
    exchange(&mut one, &mut one_handle);
    exchange(&mut two, &mut two_handle);
    let mut third = call(&mut one, "");
    assert_pending!(third.poll());
    assert_pending!(one_handle.poll_request());
}

#[tokio::test(start_paused = true)]
async fn two_layers_made_from_a_quota_share_nothing_and_clones_share_all() {
    let [one, two] = [0, 1].map(|_| RateLimitLayer::from(quota(1)));
    let (inner, mut handle) = mock::pair::<Req, Res>();
    let mut calls = [
        call(&mut one.layer(inner.clone()), "one"),
        call(&mut one.clone().layer(inner.clone()), "its clone"),
        call(&mut two.layer(inner), "two"),
    ];
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    assert_eq!(*next_request(&mut handle).0.body(), "one");
    assert_eq!(*next_request(&mut handle).0.body(), "two");
    assert_pending!(handle.poll_request());
}
