//! One call, polled directly in one of two runtimes.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use comfycontrol_test::WakeCounter;

use super::clock;
use super::reservation::Reservation;
use super::shared::Shared;
use crate::admission::Outcome;

/// One call and the runtime whose task it belongs to.
pub(super) struct Caller {
    shared: Arc<Shared>,
    reservation: Reservation,
    runtime: usize,
    wakes: Arc<WakeCounter>,
    /// How many of them there were when it was polled last.
    seen: usize,
    pub(super) is_granted: bool,
    is_rejected: bool,
}

impl Caller {
    pub(super) fn new(shared: &Arc<Shared>, runtime: usize) -> Self {
        Self {
            shared: shared.clone(),
            reservation: Reservation::new(shared.clone()),
            runtime,
            wakes: Arc::default(),
            seen: 0,
            is_granted: false,
            is_rejected: false,
        }
    }

    /// Where it is polled: elsewhere if its own runtime has gone.
    pub(super) fn home(&self) -> usize {
        if clock::is_gone(self.runtime) {
            1 - self.runtime
        } else {
            self.runtime
        }
    }

    pub(super) fn is_woken(&self) -> bool {
        self.wakes.count() > self.seen
    }

    pub(super) fn poll(mut self) -> Self {
        let home = self.home();
        let _running = clock::enter(home);
        self.seen = self.wakes.count();
        let waker = Waker::from(self.wakes.clone());
        while let Poll::Ready(admitted) = self.reservation.poll(&Context::from_waker(&waker), None)
        {
            admitted.unwrap();
            if self.reservation.claim() {
                self.is_granted = true;
                let seen = self.shared.snapshot();
                assert!(seen.in_flight() <= seen.limit(), "granted twice");
                break;
            }
        }
        self
    }

    pub(super) fn granted(self) -> Self {
        let granted = self.poll();
        assert!(granted.is_granted);
        granted
    }

    pub(super) fn dispatched(mut self) -> Self {
        self.reservation.dispatch();
        self
    }

    pub(super) fn settle(mut self, outcome: Outcome) {
        self.reservation.settle(outcome);
    }

    /// Polled once, perhaps before the keeper goes, and again after it.
    pub(super) fn poll_until_rejected(mut self) -> Self {
        let home = self.home();
        let _running = clock::enter(home);
        let waker = Waker::from(self.wakes.clone());
        let cx = &Context::from_waker(&waker);
        if let Poll::Ready(admitted) = self.reservation.poll(cx, None) {
            self.is_rejected = admitted.is_err();
        }
        self
    }

    /// Whether it was rejected, or is as soon as it is polled, for which it is woken.
    pub(super) fn ends_rejected(mut self) -> bool {
        if self.is_rejected {
            return true;
        }
        let is_woken = self.is_woken();
        let home = self.home();
        let _running = clock::enter(home);
        let waker = Waker::from(self.wakes.clone());
        let polled = self.reservation.poll(&Context::from_waker(&waker), None);
        is_woken && matches!(polled, Poll::Ready(Err(_)))
    }
}
