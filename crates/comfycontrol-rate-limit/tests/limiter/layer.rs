//! The contract of a tower layer: readiness, and the service below.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use comfycontrol_test::next_request;
use http::Response;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service};

use super::mocked::*;
use super::support::{MILLISECOND, SECOND, WINDOW, sliding};

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
    assert_eq!(*next_request(&mut handle).0.body(), "patient");
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
    respond(&mut open_handle, "");
    assert_ready_ok!(next.poll());

    // It comes for its slot too late, and still goes before all calls that came after it.
    blocked_handle.allow(1);
    assert!(parked.is_woken());
    assert_pending!(parked.poll());
    assert_pending!(blocked_handle.poll_request());
    time::advance(WINDOW + MILLISECOND).await;
    assert!(parked.is_woken() && !last.is_woken());
    assert_pending!(parked.poll());
    assert_eq!(*next_request(&mut blocked_handle).0.body(), "parked");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_again_keeps_what_it_has_of_the_inner_service() {
    let limiter = sliding(1);
    let inner = Choosy::default();
    inner.blocked.store(1, Ordering::Relaxed);
    let mut service = limiter.layer().layer(inner.clone());
    let mut parked = call(&mut service, "parked");
    assert_pending!(parked.poll());
    let mut rival = task::spawn(limiter.acquire());
    assert_pending!(rival.poll());
    time::advance(2 * SECOND).await;
    let permit = assert_ready_ok!(rival.poll());
    assert_pending!(parked.poll());
    assert_eq!(inner.held(), 1, "it waits for the inner service");
    assert_eq!(limiter.snapshot().queued(), 0, "and cannot use a slot yet");
    inner.blocked.store(0, Ordering::Relaxed);
    assert_pending!(parked.poll());
    assert_eq!(inner.held(), 1, "it waits for a slot");
    assert_eq!(limiter.snapshot().queued(), 1);
    drop(permit);
    assert!(parked.is_woken());
    assert_ready_ok!(parked.poll());
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
    // All three slots go to futures that are not polled from now on.
    time::advance(WINDOW + MILLISECOND).await;
    assert!(parked.iter().all(|call| call.is_woken()));
    time::advance(SECOND + MILLISECOND).await;
    for other in &mut others {
        assert!(other.is_woken());
        assert_pending!(other.poll());
        assert_eq!(*next_request(&mut handle).0.body(), "other");
    }
}

// === support ===

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
