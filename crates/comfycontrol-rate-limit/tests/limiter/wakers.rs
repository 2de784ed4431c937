//! Foreign code that is run by the limiter, and comes back in: wakers, and what decides about
//! responses. Every test fails by a watchdog and never hangs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use comfycontrol_rate_limit::{Limiter, Permit, Quota, Rejected};
use comfycontrol_test::{PanickingWaker, paused};
use http::Response;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

use super::support::*;
use super::watchdog::*;

#[test]
fn a_waker_may_look_at_the_limiter() {
    re_enter(|limiter| _ = limiter.snapshot());
}

#[test]
fn a_waker_may_acquire_and_drop() {
    re_enter(|limiter| drop(once(limiter)));
}

#[test]
fn a_waker_may_acquire_send_and_settle() {
    re_enter(|limiter| {
        if let Some(Ok(permit)) = once(limiter) {
            permit.dispatch().settle(&Response::new(()));
        }
    });
}

#[test]
fn a_waker_may_change_the_quota_and_pause() {
    re_enter(|limiter| {
        limiter.set_quota(Quota::new(3, 10 * SECOND).unwrap());
        limiter.pause_for(MILLISECOND);
    });
}

#[test]
fn a_waker_may_poll_its_own_call_at_once() {
    within_seconds(|| {
        let runtime = paused();
        runtime.block_on(async {
            let limiter = limiter(1, 10 * SECOND);
            spend(&limiter, 1);
            let inline: Vec<_> = (0..5).map(|_| Inline::start(&limiter)).collect();
            for _ in 0..6 {
                time::advance(11 * SECOND).await;
            }
            assert!(
                inline
                    .iter()
                    .all(|call| call.call.lock().unwrap().is_none())
            );
            clean(&limiter);
        });
    });
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    within_seconds(|| {
        let runtime = paused();
        runtime.block_on(async {
            let limiter = limiter(1, 10 * SECOND);
            spend(&limiter, 1);
            let bomb = Waker::from(Arc::new(PanickingWaker));
            let mut first = Box::pin(limiter.acquire());
            assert_pending!(first.as_mut().poll(&mut Context::from_waker(&bomb)));
            let mut second = task::spawn(limiter.acquire());
            let mut third = task::spawn(limiter.acquire());
            assert_pending!(second.poll());
            assert_pending!(third.poll());
            let both = Quota::new(3, 10 * SECOND).unwrap();
            catch_unwind(AssertUnwindSafe(|| limiter.set_quota(both))).unwrap_err();
            assert!(second.is_woken());
            // The timer goes on as well.
            drop((first, assert_ready_ok!(second.poll()).dispatch()));
            let _third = assert_ready_ok!(third.poll()).dispatch();
            let mut fourth = task::spawn(limiter.acquire());
            assert_pending!(fourth.poll());
            time::advance(14 * SECOND).await;
            assert!(fourth.is_woken());
        });
    });
}

#[test]
fn what_decides_about_responses_may_look_at_the_limiter() {
    within_seconds(|| {
        let seen = Arc::new(Mutex::new(None::<Limiter>));
        let inside = seen.clone();
        let limiter = Limiter::builder(Quota::COMFYCONTROL)
            .cooldown_on(move |status, _| {
                let limiter = inside.lock().unwrap().clone().unwrap();
                limiter.snapshot().in_flight() == 1 && status == 429
            })
            .build();
        *seen.lock().unwrap() = Some(limiter.clone());
        let flight = assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch();
        flight.settle(&Response::builder().status(429).body(()).unwrap());
        assert_eq!(limiter.snapshot().cooldowns(), 1);
        seen.lock().unwrap().take();
    });
}

// === support ===

fn once(limiter: &Limiter) -> Option<Result<Permit, Rejected>> {
    match poll_once(pin!(limiter.acquire())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

/// Has the limiter wake and drop wakers that do `action` to it, from every place that wakes.
fn re_enter(action: impl Fn(&Limiter) + Clone + Send + Sync + 'static) {
    within_seconds(move || {
        let runtime = paused();
        runtime.block_on(async {
            let limiter = limiter(2, 10 * SECOND);
            let done = Arc::new(AtomicUsize::new(0));
            let waker = || {
                Waker::from(Arc::new(Meddler {
                    limiter: limiter.clone(),
                    action: action.clone(),
                    done: done.clone(),
                }))
            };
            let wait = || {
                let mut call = Box::pin(limiter.acquire());
                // Again with another waker: the first one is dropped.
                assert_pending!(call.as_mut().poll(&mut Context::from_waker(&waker())));
                assert_pending!(call.as_mut().poll(&mut Context::from_waker(&waker())));
                call
            };
            // By the timer, by a permit, by a response, manually; and those that leave.
            for by in 0..4 {
                let permits =
                    [0, 1].map(|_| assert_ready_ok!(task::spawn(limiter.acquire()).poll()));
                let calls = [(); 3].map(|()| wait());
                let before = done.load(Ordering::Relaxed);
                match by {
                    0 => drop(permits.map(|permit| permit.dispatch().settle(&Response::new(())))),
                    1 => drop(permits),
                    2 => drop(permits.map(Permit::dispatch)),
                    _ => {
                        limiter.set_quota(Quota::new(10, 10 * SECOND).unwrap());
                        drop(permits);
                    }
                }
                time::advance(14 * SECOND).await;
                assert!(done.load(Ordering::Relaxed) > before, "nobody was woken");
                drop(calls);
                limiter.set_quota(Quota::new(2, 10 * SECOND).unwrap());
                time::advance(100 * SECOND).await;
                clean(&limiter);
            }
        });
    });
}

/// A waker that meddles when it is woken, and when it is dropped.
struct Meddler<F: Fn(&Limiter)> {
    limiter: Limiter,
    action: F,
    done: Arc<AtomicUsize>,
}

impl<F: Fn(&Limiter)> Drop for Meddler<F> {
    fn drop(&mut self) {
        (self.action)(&self.limiter);
    }
}

impl<F: Fn(&Limiter) + Send + Sync> Wake for Meddler<F> {
    fn wake(self: Arc<Self>) {
        (self.action)(&self.limiter);
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// A call that is polled by its own waker, on the spot.
struct Inline {
    call: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Inline {
    fn start(limiter: &Limiter) -> Arc<Self> {
        let limiter = limiter.clone();
        let call = async move { use_slot(&limiter).await };
        let inline = Arc::new(Self {
            call: Mutex::new(Some(Box::pin(call))),
        });
        inline.clone().wake();
        inline
    }
}

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        // Woken while it is polled: the poll under way sees it.
        let Ok(mut call) = self.call.try_lock() else {
            return;
        };
        if let Some(future) = &mut *call
            && future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
        {
            *call = None;
        }
    }
}
