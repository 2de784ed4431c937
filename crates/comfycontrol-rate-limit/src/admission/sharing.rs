//! What the keeper of a shared budget does with the slots: fetches what has happened, brings
//! grants.

use super::{Admission, DispatchedSlot, Effects, Event, Outcome, due};
use crate::ledger::{Demand, Grants, Moment, View};
use crate::{Rejected, RejectedReason};

impl Admission {
    /// What the keeper is to tell the others. Granted slots that no call waits for go back.
    pub(crate) fn collect(&mut self, now: Moment) -> Demand {
        let wanted = self.queue.len() as u64;
        let is_paused = self.slots.closed_until(now.monotonic).is_some();
        self.slots.collect(now, wanted, is_paused)
    }

    /// The quota that the keeper does not know yet.
    pub(crate) fn take_new_quota(&mut self) -> Option<(u32, u64)> {
        self.slots.take_new_quota()
    }

    /// Slots that the keeper has got, if any, and what all processes look like now.
    pub(crate) fn bring(
        &mut self,
        now: u64,
        grants: Option<Grants>,
        (view, asked): (View, Option<Moment>),
        effects: &mut Effects,
    ) {
        if let Some(grants) = grants {
            self.slots.fund(grants);
        }
        self.show(view, asked);
        if grants.is_some() {
            self.run(now, effects);
        }
    }

    /// What all processes look like now.
    pub(crate) fn show(&mut self, view: View, asked: Option<Moment>) {
        if self.slots.show(view, asked) {
            // A slot that was granted before must not be used after a request was throttled.
            self.give_up_unclaimed();
        }
    }

    /// Rejects all calls from now on for that reason, or none any more.
    pub(crate) fn close(&mut self, now: u64, why: Option<RejectedReason>, effects: &mut Effects) {
        self.slots.close(why);
        if why.is_some() {
            self.give_up_unclaimed();
        }
        self.run(now, effects);
    }

    /// Since when the store has not answered; `None` once it does.
    pub(crate) fn note_outage(&mut self, since: Option<u64>) {
        self.slots.note_outage(since);
    }

    pub(crate) fn count_cooldown(&mut self) {
        self.counters.cooldowns += 1;
    }

    /// Gives up all slots that no call has come for yet if it is too late to use them; returns
    /// whether it is.
    pub(crate) fn is_too_late(&mut self, now: Moment) -> bool {
        let too_late = !self.slots.is_in_time(now);
        if too_late {
            self.give_up_unclaimed();
        }
        too_late
    }

    fn give_up_unclaimed(&mut self) {
        while due::lapse_unclaimed(&mut self.slots, &mut self.queue, u64::MAX) {}
        self.slots.give_up_unused();
    }

    pub(super) fn settle_shared(
        &mut self,
        now: u64,
        slot: &DispatchedSlot,
        outcome: Outcome,
    ) -> Option<Event> {
        self.slots.settle_shared(now, slot, outcome);
        self.counters.settled(outcome, None);
        if let Outcome::Throttled(_) = outcome {
            self.give_up_unclaimed();
        }
        Some(Event::Noted)
    }

    /// As [`reject`](Self::reject), of a budget that is shared. Apart, so that it costs the others
    /// nothing.
    #[cold]
    #[inline(never)]
    pub(super) fn reject_shared(
        &mut self,
        now: u64,
        deadline: Option<u64>,
        reason: RejectedReason,
    ) -> Result<(), Rejected> {
        let earliest = self.slots.lower_bound_shared(now);
        if deadline.is_some_and(|deadline| earliest <= deadline) {
            return Ok(());
        }
        self.counters.rejected += 1;
        Err(match self.slots.closed() {
            Some(closed) => Rejected::new(closed, None),
            None => Rejected::until(earliest, now, reason),
        })
    }

    /// No call waits for what never comes.
    pub(super) fn reject_all(&mut self, why: RejectedReason, effects: &mut Effects) {
        while !self.queue.is_empty() {
            self.counters.rejected += 1;
            let waker = self.queue.reject_first(Rejected::new(why, None));
            effects.wake(waker);
        }
    }
}
