//! Requests and responses on their way.

use std::time::Duration;

use comfycontrol_emulator::{
    Algorithm, Emulator, Limit, Lost, RetryAfter, RoundTrip, Throttled, Transit,
};
use comfycontrol_test::{MILLISECOND, SECOND};
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};

use crate::client::{bare, send};

#[tokio::test(start_paused = true)]
async fn a_dropped_request_arrives_all_the_same() {
    let mut service = bare(1).transit(Transit::fixed(SECOND, 500 * MILLISECOND));
    drop(send(&mut service));
    assert_eq!(service.edge().requests(), 0);
    advance(999 * MILLISECOND).await;
    assert_eq!(service.edge().requests(), 0);
    advance(MILLISECOND).await;
    assert_eq!(service.edge().requests(), 1);
    assert_eq!(service.edge().stats().counted(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_takes_the_way_up_and_the_way_down() {
    let mut service = bare(1).transit(Transit::fixed(300 * MILLISECOND, 200 * MILLISECOND));
    let mut first = task::spawn(send(&mut service));
    assert_pending!(first.poll());
    advance(499 * MILLISECOND).await;
    assert_pending!(first.poll());
    advance(2 * MILLISECOND).await;
    assert!(first.is_woken());
    assert_eq!(assert_ready_ok!(first.poll()).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn decisions_are_made_in_the_order_of_arrivals_as_of_the_arrival() {
    // The second request overtakes the first; no caller looks until both have long arrived.
    let transit =
        Transit::from_fn(|n| RoundTrip::new([900, 100][n as usize] * MILLISECOND, Duration::ZERO));
    let mut service = bare(1).transit(transit);
    let mut slow = task::spawn(send(&mut service));
    let mut fast = task::spawn(send(&mut service));
    advance(5 * SECOND).await;
    assert_eq!(assert_ready_ok!(slow.poll()).status(), 429);
    assert_eq!(assert_ready_ok!(fast.poll()).status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_block_lasts_from_the_arrival_not_from_the_look() {
    let limit = Limit::new(1, SECOND)
        .unwrap()
        .algorithm(Algorithm::SlidingLog);
    let throttled = Throttled::json().retry_after(RetryAfter::Seconds);
    let service = Emulator::builder()
        .limit(limit)
        .throttled(throttled)
        .without_api();
    let mut service = service
        .service()
        .transit(Transit::fixed(100 * MILLISECOND, 100 * MILLISECOND));
    drop(send(&mut service));
    drop(send(&mut service));
    advance(9 * SECOND).await;
    let mut third = task::spawn(send(&mut service));
    advance(500 * MILLISECOND).await;
    let response = assert_ready_ok!(third.poll());
    // Blocked at 0.1 s until 10.1 s; arrived at 9.1 s.
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_fails_after_its_time_though_the_request_counts() {
    let transit =
        Transit::fixed(100 * MILLISECOND, 100 * MILLISECOND).losing(1.0, 700 * MILLISECOND, 1);
    let mut service = bare(1).transit(transit);
    let mut future = task::spawn(send(&mut service));
    assert_pending!(future.poll());
    advance(300 * MILLISECOND).await;
    assert_pending!(future.poll());
    advance(401 * MILLISECOND).await;
    assert!(assert_ready_err!(future.poll()).is::<Lost>());
    assert_eq!(service.edge().requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loss_can_be_seen_before_the_arrival() {
    let transit =
        Transit::from_fn(|_| RoundTrip::new(SECOND, Duration::ZERO).lost_after(10 * MILLISECOND));
    let mut service = bare(1).transit(transit);
    let mut future = task::spawn(send(&mut service));
    advance(11 * MILLISECOND).await;
    assert!(assert_ready_err!(future.poll()).is::<Lost>());
    drop(future);
    assert_eq!(service.edge().requests(), 0);
    advance(SECOND).await;
    assert_eq!(service.edge().requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn tickets_are_used_again_but_never_mixed_up() {
    let transit = Transit::between(Duration::ZERO..SECOND, Duration::ZERO..SECOND, 3);
    let mut service = bare(1_000_000).transit(transit);
    for round in 0..50 {
        let mut futures: Vec<_> = (0..20).map(|_| task::spawn(send(&mut service))).collect();
        futures.truncate(round % 20);
        advance(2_100 * MILLISECOND).await;
        for future in &mut futures {
            assert_eq!(assert_ready_ok!(future.poll()).status(), 200);
        }
    }
    assert_eq!(service.edge().requests(), 1000);
}

#[tokio::test(start_paused = true)]
async fn requests_that_arrive_together_are_decided_in_the_order_of_dispatch() {
    let mut service = bare(3).transit(Transit::fixed(10 * MILLISECOND, Duration::ZERO));
    // The second pair takes the places of the first in reverse.
    for expected in [[200, 200], [200, 429]] {
        let mut futures = [(); 2].map(|()| task::spawn(send(&mut service)));
        advance(11 * MILLISECOND).await;
        let statuses = futures
            .each_mut()
            .map(|f| assert_ready_ok!(f.poll()).status());
        assert_eq!(statuses.map(|status| status.as_u16()), expected);
    }
}
