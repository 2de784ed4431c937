//! The contract of a tower layer: readiness, the service below, types.

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

// === readiness ===

#[tokio::test(start_paused = true)]
async fn an_idle_ready_clone_holds_nothing() {
    let limiter = sliding(2);
    let inner = Choosy::default();
    let service = limiter.layer().layer(inner.clone());
    let mut clones = vec![service; 100];
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
