//! Slots that were taken up and come back if they are not used in time.

use super::{Admission, DispatchedSlot, Grant};
use crate::epoch::NEVER;
use crate::queue::{Ticket, WaiterState};

impl Admission {
    /// Whether slots that were taken up come back some time.
    pub(crate) fn bounds_hold(&self) -> bool {
        self.slots.settings().max_hold.is_some()
    }

    /// Watches a slot that was taken up, if it is to come back some time.
    pub(crate) fn hold(&mut self, now: u64, grant: &Grant) -> Option<Ticket> {
        self.slots.settings().max_hold?;
        let ticket = self.queue.push_held(now, grant.probe);
        self.expect_lapse();
        Some(ticket)
    }

    /// Waiting calls may soon have a slot that was put aside or taken up.
    pub(super) fn expect_lapse(&mut self) {
        if self.is_awaited() {
            self.alarm = self.alarm.min(self.queue.first_lapse().unwrap_or(NEVER));
        }
    }

    /// Puts such a slot aside, as [`park`](Self::park) does.
    pub(crate) fn park_held(&mut self, now: u64, ticket: &Ticket, deadline: Option<u64>) {
        let deadline = self.slots.settings().deadline(now, deadline);
        self.queue.release_held(ticket, now, deadline);
        self.expect_lapse();
    }

    /// The request leaves with such a slot, or without one if it came back to the limiter.
    pub(crate) fn dispatch_held(&mut self, now: u64, ticket: Ticket) -> DispatchedSlot {
        let grant = match self.queue.remove(ticket).0 {
            WaiterState::Granted { probe, .. } => self.slots.claim(probe),
            _ => self.slots.overdraw(),
        };
        self.dispatch(now, grant)
    }
}
