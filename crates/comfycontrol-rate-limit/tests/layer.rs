//! The layer as its users see it: a service behind it, a paused clock around it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use comfycontrol_rate_limit::{
    Limiter, NotAdmitted, Quota, RateLimit, RateLimitLayer, ResponseFuture, Window,
};
use http::{Request, Response};
use tokio::time;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};
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

// === readiness ===

#[tokio::test(start_paused = true)]
async fn an_idle_ready_clone_holds_nothing() {
    let limiter = sliding(2);
    let inner = Choosy::default();
    let service = limiter.layer().layer(inner.clone());
    let mut clones = vec![service.clone(); 100];
    for clone in &mut clones {
        assert_ready_ok!(clone.poll_ready(&mut Context::from_waker(Waker::noop())));
    }
    assert_eq!(limiter.snapshot().free(), 2);
    assert_eq!(inner.asked(), 0);
    for clone in clones.iter_mut().rev().take(2) {
        assert_ready_ok!(call(clone, "").poll());
    }
}

#[tokio::test(start_paused = true)]
async fn stays_ready_however_many_wait() {
    let mut service = sliding(1).layer().layer(Choosy::default());
    assert_ready_ok!(call(&mut service, "").poll());
    let mut waiting = call(&mut service, "");
    assert_pending!(waiting.poll());
    assert_ready_ok!(service.poll_ready(&mut Context::from_waker(Waker::noop())));
}

#[tokio::test(start_paused = true)]
async fn asks_the_inner_service_only_when_there_is_a_slot() {
    let inner = Choosy::default();
    let mut service = sliding(1).layer().layer(inner.clone());
    assert_ready_ok!(call(&mut service, "").poll());
    assert_eq!(inner.asked(), 1);
    let mut waiting = call(&mut service, "");
    for _ in 0..3 {
        assert_pending!(waiting.poll());
    }
    assert_eq!(inner.asked(), 1);
    time::advance(WINDOW + MILLISECOND).await;
    assert_ready_ok!(waiting.poll());
    assert_eq!(inner.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_the_very_instance_that_was_made_ready() {
    // The mock panics when an instance is called that was not made ready.
    let (mut service, mut handle) = spawn(&sliding(2));
    handle.allow(0);
    let mut patient = call(&mut service, "patient");
    assert_pending!(patient.poll());
    assert_pending!(handle.poll_request());
    handle.allow(1);
    assert!(patient.is_woken());
    assert_pending!(patient.poll());
    assert_eq!(*sent(&mut handle).0.body(), "patient");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_inner_services_readiness_gives_the_slot_back() {
    let limiter = sliding(1);
    let (mut service, mut handle) = spawn(&limiter);
    handle.send_error("broken");
    let error = assert_ready_err!(call(&mut service, "").poll());
    assert_eq!(error.to_string(), "broken");
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.granted()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slot_nobody_takes_up_goes_to_the_next_and_the_call_keeps_its_place() {
    let limiter = sliding(1);
    let (mut blocked, mut blocked_handle) = spawn(&limiter);
    let (mut open, mut open_handle) = spawn(&limiter);
    blocked_handle.allow(0);
    let mut parked = call(&mut blocked, "parked");
    assert_pending!(parked.poll());
    let mut next = call(&mut open, "next");
    assert_pending!(next.poll());
    let mut last = call(&mut open, "last");
    assert_pending!(last.poll());

    time::advance(SECOND - MILLISECOND).await;
    assert!(!next.is_woken());
    time::advance(2 * MILLISECOND).await;
    assert!(next.is_woken());
    assert_pending!(next.poll());
    answer(&mut open_handle, "");
    assert_ready_ok!(next.poll());

    // It comes for its slot too late, and still goes before whoever came after it.
    blocked_handle.allow(1);
    assert!(parked.is_woken());
    assert_pending!(parked.poll());
    assert_pending!(blocked_handle.poll_request());
    time::advance(WINDOW + MILLISECOND).await;
    assert!(parked.is_woken() && !last.is_woken());
    assert_pending!(parked.poll());
    assert_eq!(*sent(&mut blocked_handle).0.body(), "parked");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_again_lets_the_inner_services_readiness_go() {
    let limiter = sliding(1);
    let inner = Choosy::default();
    inner.blocked.store(1, Ordering::Relaxed);
    let mut service = limiter.layer().layer(inner.clone());
    let mut parked = call(&mut service, "parked");
    assert_pending!(parked.poll());
    assert_eq!(inner.held(), 1, "it waits for the inner service");
    let mut rival = task::spawn(limiter.acquire());
    assert_pending!(rival.poll());
    time::advance(2 * SECOND).await;
    let permit = assert_ready_ok!(rival.poll());
    assert_pending!(parked.poll());
    assert_eq!(inner.held(), 0, "it waits for a slot");
    drop(permit);
}

#[tokio::test(start_paused = true)]
async fn futures_parked_after_their_grant_do_not_stop_the_others() {
    let limiter = sliding(3);
    let (mut service, mut handle) = spawn(&limiter);
    for _ in 0..3 {
        exchange(&mut service, &mut handle);
    }
    let mut parked: Vec<_> = (0..3).map(|_| call(&mut service, "parked")).collect();
    let mut others: Vec<_> = (0..3).map(|_| call(&mut service, "other")).collect();
    for call in parked.iter_mut().chain(&mut others) {
        assert_pending!(call.poll());
    }
    // All three slots go to futures that nobody polls from now on.
    time::advance(WINDOW + MILLISECOND).await;
    assert!(parked.iter().all(|call| call.is_woken()));
    time::advance(SECOND + MILLISECOND).await;
    for other in &mut others {
        assert!(other.is_woken());
        assert_pending!(other.poll());
        assert_eq!(*sent(&mut handle).0.body(), "other");
    }
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

// === types ===

#[derive(Debug, PartialEq)]
enum Typed {
    Limited(NotAdmitted),
    Own,
}

impl From<NotAdmitted> for Typed {
    fn from(error: NotAdmitted) -> Self {
        Self::Limited(error)
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_services_errors_pass_unchanged_and_ours_arrive_typed() {
    let limiter = Limiter::builder(quota(1)).max_queued(0).build();
    let inner = service_fn(async |_: Req| Err::<Res, _>(Typed::Own));
    let mut service = limiter.layer().layer(inner);
    assert_eq!(assert_ready_err!(call(&mut service, "").poll()), Typed::Own);
    let error = assert_ready_err!(call(&mut service, "").poll());
    assert!(matches!(error, Typed::Limited(_)));

    let inner = service_fn(async |_: Req| Err::<Res, BoxError>("own".into()));
    let mut service = limiter.layer().layer(inner);
    let error = assert_ready_err!(call(&mut service, "").poll());
    assert!(error.is::<NotAdmitted>());
}

#[tokio::test(start_paused = true)]
async fn the_response_passes_untouched() {
    #[derive(Clone, Debug, PartialEq)]
    struct Mark;
    let inner = service_fn(async |request: Req| {
        assert_eq!(request.extensions().get(), Some(&Mark));
        let response = Response::builder()
            .status(503)
            .header("x", "y")
            .extension(Mark);
        Ok::<_, BoxError>(response.body(request.into_body()).unwrap())
    });
    let mut service = ServiceBuilder::new()
        .layer(sliding(1).layer())
        .service(inner);
    let mut request = Request::new("body");
    request.extensions_mut().insert(Mark);
    let response = assert_ready_ok!(task::spawn(service.call(request)).poll());
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["x"], "y");
    assert_eq!(response.extensions().get(), Some(&Mark));
    assert_eq!(*response.body(), "body");
}

#[test]
fn is_what_a_layer_must_be() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    fn sendable<T: Send + 'static>() {}
    fn same_error<S, E>()
    where
        S: Service<Request<&'static str>, Error = E>,
    {
    }
    type Inner = mock::Mock<Req, Res>;
    shareable::<RateLimitLayer>();
    shareable::<RateLimit<Inner>>();
    shareable::<Limiter>();
    sendable::<ResponseFuture<Inner, &'static str>>();
    same_error::<RateLimit<Inner>, BoxError>();
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = sliding(1).layer().layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
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

/// A service that panics when it is called without having been made ready, and counts.
#[derive(Debug, Default)]
struct Choosy {
    asked: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
    blocked: Arc<AtomicUsize>,
    holds: bool,
    ready: bool,
}

impl Choosy {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many instances hold something for the sake of their readiness.
    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl Clone for Choosy {
    fn clone(&self) -> Self {
        let Self {
            asked,
            held,
            blocked,
            ..
        } = self;
        let (asked, held, blocked) = (asked.clone(), held.clone(), blocked.clone());
        Self {
            asked,
            held,
            blocked,
            holds: false,
            ready: false,
        }
    }
}

impl Drop for Choosy {
    fn drop(&mut self) {
        self.held.fetch_sub(self.holds.into(), Ordering::Relaxed);
    }
}

impl Service<Req> for Choosy {
    type Response = Res;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Res, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(&mut self.holds, true) {
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        if self.blocked.load(Ordering::Relaxed) > 0 {
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Req) -> Self::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without having been made ready"
        );
        std::future::ready(Ok(Response::new("")))
    }
}
