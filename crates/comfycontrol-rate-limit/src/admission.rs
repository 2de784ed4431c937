//! All that decides, in one place: the slots and the queue, moved by events. Pure: every event
//! brings its `now`, in nanoseconds since one fixed instant, and what is to be woken is collected
//! in [`Effects`], never woken here.

mod control;
mod counters;
mod desk;
mod due;
mod effects;
mod held;
mod in_flight;
mod look;
mod outlook;
mod prospect;
mod settings;
mod sharing;
mod slot;
mod slots;
mod standing;

pub(crate) use self::counters::Counters;
pub(crate) use self::desk::{Desk, Testament};
pub(crate) use self::effects::Effects;
pub(crate) use self::outlook::Outlook;
pub(crate) use self::prospect::Prospect;
pub(crate) use self::settings::Settings;
pub(crate) use self::slot::{DispatchedSlot, Event, Grant, Outcome};
use self::slots::Slots;
pub(crate) use self::standing::Standing;
use crate::account::Account;
use crate::epoch::NEVER;
use crate::queue::{Queue, Ticket, Waiter, WaiterState};
use crate::{Rejected, RejectedReason};

#[derive(Debug)]
pub(crate) struct Admission {
    slots: Slots,
    queue: Queue,
    counters: Counters,
    /// The earliest grant to the first in the queue, if it is known; stale when no call waits.
    next_grant: Option<u64>,
    /// When something falls due although no call comes in.
    alarm: u64,
}

impl Admission {
    pub(crate) fn new(account: Account, settings: Settings) -> Self {
        Self {
            slots: Slots::new(account, settings),
            queue: Queue::new(settings.max_hold),
            counters: Counters::default(),
            next_grant: None,
            alarm: NEVER,
        }
    }

    /// Of a budget that is shared with other processes.
    pub(crate) fn shared(settings: Settings, desk: Desk) -> Self {
        Self {
            slots: Slots::shared(settings, desk),
            queue: Queue::new(settings.max_hold),
            counters: Counters::default(),
            next_grant: None,
            alarm: NEVER,
        }
    }

    /// When [`run`](Self::run) must be called at the latest; [`NEVER`] if not at all.
    pub(crate) fn alarm(&self) -> u64 {
        self.alarm
    }

    /// Grants a slot if that is right whatever the time, so that no clock need be read.
    #[inline]
    pub(crate) fn try_admit_at_any_time(&mut self) -> Option<Grant> {
        if self.slots.are_free_at_any_time() && self.queue.is_empty() {
            return Some(self.slots.take(None));
        }
        None
    }

    /// Grants a slot if no call comes before this one and the rule allows it.
    pub(crate) fn try_admit(&mut self, now: u64) -> Option<Grant> {
        if !self.queue.is_empty() {
            return None;
        }
        let mut may_grant = self.slots.may_grant(now);
        if may_grant.is_err() && due::lapse_held(&mut self.slots, &mut self.queue, now) {
            may_grant = self.slots.may_grant(now);
        }
        Some(self.slots.grant(now, may_grant.ok()?))
    }

    /// Rejects a call when as many wait already as may: before it has made what it would wait with.
    pub(crate) fn reject_when_full(&mut self, now: u64) -> Result<(), Rejected> {
        if self.queue.len() < self.slots.settings().max_queued {
            return Ok(());
        }
        self.reject(now, None, RejectedReason::QueueFull)
    }

    /// Rejects a call that would certainly wait past its `deadline`.
    fn reject_when_late(&mut self, now: u64, deadline: Option<u64>) -> Result<(), Rejected> {
        match deadline {
            None => Ok(()),
            deadline => self.reject(now, deadline, RejectedReason::WouldWaitTooLong),
        }
    }

    /// Rejects a call, unless there might be a slot for it by its `deadline`.
    fn reject(
        &mut self,
        now: u64,
        deadline: Option<u64>,
        reason: RejectedReason,
    ) -> Result<(), Rejected> {
        if self.slots.desk().is_some() {
            return self.reject_shared(now, deadline, reason);
        }
        let (ahead, unclaimed) = (self.queue.len(), self.queue.unclaimed());
        let earliest = self.slots.lower_bound(now, ahead, unclaimed);
        if deadline.is_some_and(|deadline| earliest <= deadline) {
            return Ok(());
        }
        self.counters.rejected += 1;
        Err(Rejected::until(earliest, now, reason))
    }

    /// Joins the queue, unless the call would certainly wait past `deadline` or too long.
    pub(crate) fn enqueue(
        &mut self,
        now: u64,
        deadline: Option<u64>,
        waiter: Waiter,
        effects: &mut Effects,
    ) -> Result<Ticket, Rejected> {
        let deadline = self.slots.settings().deadline(now, deadline);
        let full = self.reject_when_full(now);
        if let Err(error) = full.and_then(|()| self.reject_when_late(now, deadline)) {
            effects.discard(waiter.waker);
            return Err(error);
        }
        self.counters.waited += 1;
        let ticket = self.queue.push(now, waiter, deadline);
        if self.queue.len() == 1 {
            self.run(now, effects);
        } else if let Some(deadline) = deadline {
            self.alarm = self.alarm.min(deadline);
        }
        Ok(ticket)
    }

    /// Looks after a queued call, where `waiter` waits from now on. One that has had a slot takes
    /// no other before it is `ready` to use it.
    pub(crate) fn check(
        &mut self,
        now: u64,
        ticket: &Ticket,
        ready: bool,
        waiter: Waiter,
        effects: &mut Effects,
    ) -> Standing {
        match self.queue.state(ticket) {
            WaiterState::Lapsed if ready => {
                effects.discard(self.queue.rejoin(ticket, waiter));
                self.run(now, effects);
                // It can use a slot at once, before later calls that have not taken up theirs.
                if let Standing::Waiting = self.standing(ticket)
                    && let Some(probe) = self.queue.lapse_later_grant(ticket)
                {
                    self.slots.give_back(probe);
                    self.run(now, effects);
                }
            }
            WaiterState::Lapsed => {
                effects.discard(self.queue.watch_deadline(ticket, waiter));
                self.run(now, effects);
            }
            WaiterState::Waiting => effects.discard(self.queue.swap_waker(ticket, waiter)),
            WaiterState::Granted { .. } | WaiterState::Rejected(_) => effects.discard(waiter.waker),
        }
        self.standing(ticket)
    }

    pub(crate) fn standing(&self, ticket: &Ticket) -> Standing {
        self.queue.state(ticket).into()
    }

    /// Puts a slot aside whose caller cannot use it yet, and would wait until `deadline` for
    /// another.
    pub(crate) fn park(&mut self, now: u64, grant: &Grant, deadline: Option<u64>) -> Ticket {
        let deadline = self.slots.settings().deadline(now, deadline);
        let ticket = self.queue.push_granted(now, grant.probe, deadline);
        self.expect_lapse();
        ticket
    }

    /// Takes up the slot a queued call was granted, and tells since when the call has waited; `Err`
    /// if the slot has gone to another meanwhile.
    pub(crate) fn claim(&mut self, ticket: Ticket) -> Result<(Grant, u64), Ticket> {
        let WaiterState::Granted { probe, .. } = *self.queue.state(&ticket) else {
            return Err(ticket);
        };
        let since = self.queue.since(&ticket);
        self.queue.remove(ticket);
        Ok((self.slots.claim(probe), since))
    }

    /// Gives up a place, and the slot if it had one.
    pub(crate) fn leave(&mut self, now: u64, ticket: Ticket, effects: &mut Effects) {
        let (state, waker) = self.queue.remove(ticket);
        effects.discard(waker);
        if let WaiterState::Granted { probe, .. } = state {
            let grant = self.slots.claim(probe);
            self.cancel(now, &grant, effects);
        }
    }

    /// Gives up a slot that was not used.
    pub(crate) fn cancel(&mut self, now: u64, grant: &Grant, effects: &mut Effects) {
        self.slots.give_back(grant.probe);
        if self.is_awaited() {
            self.run(now, effects);
        }
    }

    /// The request leaves.
    pub(crate) fn dispatch(&mut self, now: u64, grant: Grant) -> DispatchedSlot {
        self.slots.dispatch(now, grant)
    }

    /// As [`settle`](Self::settle), where the slot is [plain](DispatchedSlot::is_plain) and an
    /// ordinary response has come.
    #[inline]
    pub(crate) fn settle_plainly(&mut self, now: u64) {
        self.slots.settle_plainly(now);
    }

    /// The request has ended, one way or the other. If a call waits, [`run`](Self::run) is due.
    pub(crate) fn settle(
        &mut self,
        now: u64,
        slot: &DispatchedSlot,
        outcome: Outcome,
    ) -> Option<Event> {
        if self.slots.desk().is_some() {
            return self.settle_shared(now, slot, outcome);
        }
        let event = self.slots.settle(now, slot, outcome);
        self.counters.settled(outcome, event);
        if let Outcome::Throttled(_) = outcome {
            // Slots granted a moment ago must not be used any more.
            while due::lapse_unclaimed(&mut self.slots, &mut self.queue, u64::MAX) {}
        }
        event
    }

    /// Whether any call waits.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Does all that has fallen due: grants, rejections, and slots that no call came for.
    pub(crate) fn run(&mut self, now: u64, effects: &mut Effects) {
        while self.queue.first_deadline().is_some_and(|at| at < now) {
            self.reject_first_deadline(now, effects);
        }
        self.next_grant = due::grants(&mut self.slots, &mut self.queue, now, effects);
        while self.queue.first_deadline().is_some_and(|at| at <= now) {
            self.reject_first_deadline(now, effects);
        }
        if let Some(closed) = self.slots.closed() {
            self.reject_all(closed, effects);
        }
        self.alarm = due::next(&mut self.slots, &self.queue, now, self.next_grant);
    }

    fn reject_first_deadline(&mut self, now: u64, effects: &mut Effects) {
        let next = self.next_grant.unwrap_or(now);
        let error = Rejected::until(next, now, RejectedReason::DeadlinePassed);
        self.counters.rejected += 1;
        effects.wake(self.queue.reject_first_deadline(error));
    }
}

#[cfg(test)]
mod tests;
