//! The layer as its users see it: a mock service behind it, a paused clock around it.

use std::time::Duration;

use comfycontrol_rate_limit::{
    Deadline, Limiter, NotAdmitted, NotAdmittedReason, Quota, RateLimitLayer, Window,
};
use http::header::RETRY_AFTER;
use http::{Request, Response, StatusCode};
use tokio::time::{self, Instant};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};
use tower_test::mock::{self, Handle, SendResponse};

type Req = Request<&'static str>;
type Res = Response<&'static str>;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_burst_of_the_whole_quota_leaves_at_once_and_the_next_call_waits() {
    let (mut service, mut handle) = spawn(limiter(3));
    let mut calls: Vec<_> = (0..4)
        .map(|_| task::spawn(service.call(request(""))))
        .collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    for call in calls.iter_mut().take(3) {
        answer(&mut handle, Response::new(""));
        assert_ready_ok!(call.poll());
    }
    assert_pending!(handle.poll_request());
    // A window, the thousandth for drifting clocks, and what the even spread asks for.
    time::advance(10 * SECOND).await;
    assert!(!calls[3].is_woken());
    time::advance(4 * SECOND).await;
    assert!(calls[3].is_woken());
    assert_pending!(calls[3].poll());
    answer(&mut handle, Response::new("late"));
    assert_eq!(*assert_ready_ok!(calls[3].poll()).body(), "late");
}

#[tokio::test(start_paused = true)]
async fn a_sliding_window_lets_the_whole_quota_go_again_after_one_window() {
    let limiter = Limiter::builder(quota(3)).window(Window::Sliding).build();
    let (mut service, mut handle) = spawn(limiter.clone());
    for _ in 0..3 {
        let mut call = task::spawn(service.call(request("")));
        assert_pending!(call.poll());
        answer(&mut handle, Response::new(""));
        assert_ready_ok!(call.poll());
    }
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(10 * SECOND + Duration::from_millis(10)).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(Duration::from_millis(1)).await;
    assert_eq!(limiter.snapshot().free(), 3);
}

// === support ===

fn quota(requests: u32) -> Quota {
    Quota::new(requests, 10 * SECOND).unwrap()
}

fn limiter(requests: u32) -> Limiter {
    Limiter::new(quota(requests))
}

fn request(body: &'static str) -> Req {
    Request::new(body)
}

type Mock = comfycontrol_rate_limit::RateLimit<mock::Mock<Req, Res>>;

fn spawn(limiter: Limiter) -> (Mock, Handle<Req, Res>) {
    let (service, handle) = mock::pair();
    (limiter.layer().layer(service), handle)
}

/// Answers the one request that must already be waiting; never blocks.
fn answer(handle: &mut Handle<Req, Res>, response: Res) {
    sent(handle).send_response(response);
}

/// The one request that must have been sent.
fn sent(handle: &mut Handle<Req, Res>) -> SendResponse<Res> {
    let mut next = task::spawn(());
    let _ = &mut next;
    let (_, send) = assert_ready!(handle.poll_request()).expect("mock closed");
    send
}
