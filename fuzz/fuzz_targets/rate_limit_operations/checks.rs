//! What must hold at any moment, and in the end.

use std::time::Duration;

use comfycontrol_fuzz::Server;
use comfycontrol_rate_limit::{Rejected, RejectedReason};

use crate::settings::{SECOND, kept};
use crate::world::{LATE, Waiting, World};

impl World {
    pub(crate) fn check_refusal(&self, error: &Rejected, deadline: Option<u64>, alone: bool) {
        match error.reason() {
            RejectedReason::QueueFull => {
                let most = self.settings.max_queued.expect("the queue has a bound");
                assert!(self.waiting.len() >= most, "there was room to wait");
            }
            RejectedReason::WouldWaitTooLong => {
                let deadline = deadline.expect("the wait has a bound");
                let best = self.at_best();
                let possible = best.accepts(kept(self.settings.rule), deadline, 1);
                assert!(
                    !(self.plain && alone && possible),
                    "could have come in time"
                );
            }
            reason => {
                assert_eq!(reason, RejectedReason::DeadlinePassed);
                assert!(
                    deadline.is_some_and(|at| at <= self.now),
                    "refused too early"
                );
            }
        }
    }

    /// As if all calls with a slot used it and were answered now. That others give up is not
    /// foreseen.
    fn at_best(&self) -> Server {
        let mut best = self.server.clone();
        let held = self.held.iter().map(|_| best.send()).collect::<Vec<_>>();
        let sent = self.sent.iter().map(|sent| sent.request);
        for request in sent.chain(held) {
            best.is_done(request, self.now + self.settings.count_lag);
        }
        best
    }

    pub(crate) fn check_deadlines(&self) {
        let late = |waiting: &Waiting| waiting.deadline.is_some_and(|at| at + LATE < self.now);
        assert!(!self.waiting.iter().any(late), "waits past its deadline");
    }

    pub(crate) fn check_snapshot(&self) {
        let seen = self.limiter.snapshot();
        let now = self.epoch + Duration::from_nanos(self.now);
        let out = (self.held.len() + self.sent.len()) as u64;
        assert_eq!(seen.limit(), self.settings.rule.limit);
        assert_eq!((seen.throttled(), seen.lost()), (self.refused, self.lost));
        // A request that has been on its way for too long is in flight without a slot.
        let slots = seen.free() + seen.in_flight();
        let bounded = self.settings.max_transit.is_some();
        assert!(slots <= seen.limit() || seen.free() == 0 || bounded);
        assert!(seen.free() == 0 || seen.queued() == 0);
        assert!(seen.next_slot().is_none_or(|at| at >= now));
        assert!(seen.paused_until().is_none_or(|at| at > now));
        assert!(seen.queued() <= self.waiting.len());
        assert!(seen.in_flight() >= out && seen.in_flight() <= out + self.waiting.len() as u64);
        if !self.settings.lazy {
            assert_eq!(seen.queued(), self.waiting.len());
        }
        if seen.free() > 0 {
            let all = self.held.len() as u64 + seen.free();
            let accepted = self.server.accepts(kept(self.settings.rule), self.now, all);
            assert!(accepted, "not all that are free can leave");
        }
    }

    /// All calls give up.
    pub(crate) async fn end(mut self) {
        self.waiting.clear();
        while !self.held.is_empty() {
            self.give_back(0);
        }
        while !self.sent.is_empty() {
            self.lose(0);
        }
        let rest = 2 * kept(self.settings.rule).window + 1;
        let last = self.settings.linger + self.settings.count_lag;
        if !self.plain {
            // Out of any pause; then a probe may have to open the gate.
            self.advance(2 * 86_400 * SECOND).await;
            self.acquire(None);
            self.dispatch(0);
            self.answer(0);
            assert!(self.waiting.is_empty(), "the gate has stayed closed");
        }
        self.advance(rest + last).await;
        self.check_snapshot();
        let seen = self.limiter.snapshot();
        assert_eq!(
            (seen.free(), seen.queued(), seen.in_flight()),
            (seen.limit(), 0, 0)
        );
    }
}
