//! A slot's way from one request to the next: when it comes back, to whom it goes, what becomes of it
//! when calls are dropped.

use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, Quota, RateLimit, RateLimitLayer, Window};
use http::{Request, Response};
use tokio::time;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, service_fn};
use tower_test::mock::{self, Handle, SendResponse};

type Req = Request<&'static str>;
type Res = Response<&'static str>;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

// === the quota ===

#[tokio::test(start_paused = true)]
async fn a_burst_of_the_whole_quota_leaves_at_once_and_the_next_call_waits() {
    let (mut service, mut handle) = spawn(&Limiter::new(quota(3)));
    let mut calls: Vec<_> = (0..4).map(|_| call(&mut service, "")).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    for call in calls.iter_mut().take(3) {
        answer(&mut handle, "");
        assert_ready_ok!(call.poll());
    }
    assert_pending!(handle.poll_request());
    // A window, the thousandth for drifting clocks, and what the even spread asks for.
    time::advance(10 * SECOND).await;
    assert!(!calls[3].is_woken());
    time::advance(4 * SECOND).await;
    assert!(calls[3].is_woken());
    assert_pending!(calls[3].poll());
    answer(&mut handle, "late");
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
async fn a_slot_comes_back_one_window_after_the_answer_and_not_after_the_call() {
    let (mut service, mut handle) = spawn(&sliding(1));
    let mut slow = call(&mut service, "slow");
    assert_pending!(slow.poll());
    let mut next = call(&mut service, "next");
    assert_pending!(next.poll());

    time::advance(30 * SECOND).await;
    assert!(!next.is_woken());
    answer(&mut handle, "");
    assert_ready_ok!(slow.poll());
    time::advance(WINDOW).await;
    assert!(!next.is_woken());
    time::advance(MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn late_counters_keep_each_slot_for_that_much_longer() {
    let limiter = Limiter::builder(quota(1))
        .window(Window::Sliding)
        .count_lag(2 * SECOND)
        .build();
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    time::advance(WINDOW + 2 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_timer_goes_on_after_an_answer_that_took_longer_than_any_timer() {
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
    answer(&mut handle, "");
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
        let (request, send) = sent(&mut handle);
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
    assert_eq!(*sent(&mut handle).0.body(), "waiting");
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
    assert!(one.limiter().is_same(two.limiter()));
}

#[tokio::test(start_paused = true)]
async fn two_layers_made_from_a_quota_share_nothing() {
    let [one, two] = [0, 1].map(|_| RateLimitLayer::from(quota(1)));
    assert!(!one.limiter().is_same(two.limiter()));
    assert!(one.limiter().is_same(one.clone().limiter()));
}

// === dropping ===

#[tokio::test(start_paused = true)]
async fn a_call_arrives_when_its_future_is_polled_for_the_first_time() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    let idle = call(&mut service, "idle");
    let mut keen = call(&mut service, "keen");
    assert_pending!(keen.poll());
    assert_eq!(*sent(&mut handle).0.body(), "keen");
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
    assert_eq!(*sent(&mut handle).0.body(), "real");
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
async fn requests_dropped_after_they_left_count_until_they_can_no_longer_arrive() {
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let (mut service, mut handle) = spawn(&limiter);
    let mut calls: Vec<_> = (0..40).map(|_| call(&mut service, "")).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
        drop(sent(&mut handle));
    }
    drop(calls);
    let mut next = call(&mut service, "");
    assert_pending!(next.poll());

    // A server that receives them a second late counts all forty in the window from then on.
    time::advance(WINDOW + 3 * SECOND).await;
    assert!(!next.is_woken());
    time::advance(SECOND).await;
    assert!(next.is_woken());
    assert_eq!(limiter.snapshot().lost(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_failed_response_proves_nothing_so_its_slot_lingers() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    let mut failing = call(&mut service, "");
    assert_pending!(failing.poll());
    sent(&mut handle).1.send_error("reset");
    assert_ready_err!(failing.poll());
    let mut next = call(&mut service, "");
    assert_pending!(next.poll());

    time::advance(WINDOW + 3 * SECOND).await;
    assert!(!next.is_woken());
    time::advance(MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn slow_endpoints_give_their_slots_back_after_the_longest_way_to_the_server() {
    let limiter = Limiter::builder(quota(1))
        .window(Window::Sliding)
        .max_transit(2 * SECOND)
        .build();
    let (mut service, _handle) = spawn(&limiter);
    let mut never_answered = call(&mut service, "");
    assert_pending!(never_answered.poll());
    let mut next = call(&mut service, "");
    assert_pending!(next.poll());
    time::advance(WINDOW + 2 * SECOND).await;
    assert!(!next.is_woken());
    time::advance(MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn a_bounded_way_to_the_server_moves_those_who_wait_already() {
    // The permit's holder leaves after the other has begun to wait, and is never answered.
    let limiter = Limiter::builder(quota(1))
        .window(Window::Sliding)
        .max_transit(2 * SECOND)
        .build();
    let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
    let mut next = task::spawn(limiter.acquire());
    assert_pending!(next.poll());
    let _in_flight = permit.dispatch();
    time::advance(WINDOW + 2 * SECOND + MILLISECOND).await;
    assert!(next.is_woken());
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_longest_way_has_passed_counts_from_the_answer_on() {
    let limiter = Limiter::builder(quota(1))
        .window(Window::Sliding)
        .max_transit(60 * SECOND)
        .build();
    let (mut service, mut handle) = spawn(&limiter);
    exchange(&mut service, &mut handle);
    time::advance(WINDOW + MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_inner_service_panics_counts_as_sent() {
    let limiter = sliding(1);
    let inner =
        service_fn(|_: Req| -> std::future::Ready<Result<Res, BoxError>> { panic!("inner") });
    let mut service = limiter.layer().layer(inner);
    let mut future = call(&mut service, "");
    let poll = std::panic::AssertUnwindSafe(|| future.poll());
    std::panic::catch_unwind(poll).unwrap_err();
    drop(future);
    let seen = limiter.snapshot();
    assert_eq!((seen.lost(), seen.in_flight(), seen.free()), (1, 0, 0));
    time::advance(WINDOW + 3 * SECOND + MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}

// === support ===

/// Ten seconds and the thousandth for drifting clocks.
const WINDOW: Duration = Duration::from_millis(10_010);

fn quota(requests: u32) -> Quota {
    Quota::new(requests, 10 * SECOND).unwrap()
}

fn sliding(requests: u32) -> Limiter {
    Limiter::builder(quota(requests))
        .window(Window::Sliding)
        .build()
}

type Mocked = RateLimit<mock::Mock<Req, Res>>;

fn spawn(limiter: &Limiter) -> (Mocked, Handle<Req, Res>) {
    let (service, handle) = mock::pair();
    (limiter.layer().layer(service), handle)
}

fn call<S: Service<Req>>(service: &mut S, body: &'static str) -> task::Spawn<S::Future> {
    task::spawn(service.call(Request::new(body)))
}

/// The one request that must have been sent.
fn sent(handle: &mut Handle<Req, Res>) -> (Req, SendResponse<Res>) {
    assert_ready!(handle.poll_request()).expect("the service is gone")
}

fn answer(handle: &mut Handle<Req, Res>, body: &'static str) {
    sent(handle).1.send_response(Response::new(body));
}

/// One call, sent and answered.
fn exchange(service: &mut Mocked, handle: &mut Handle<Req, Res>) {
    let mut call = call(service, "");
    assert_pending!(call.poll());
    answer(handle, "");
    assert_ready_ok!(call.poll());
}
