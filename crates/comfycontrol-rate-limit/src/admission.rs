//! All that decides, in one place: the account, the gate and the queue, moved by events. Pure: every
//! event brings its `now`, in nanoseconds since one fixed instant, and what is to be woken is
//! collected in [`Effects`], never woken here.

mod effects;
mod grants;
mod refusals;
mod settling;
mod slot;

use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::effects::Effects;
use self::refusals::not_admitted;
pub(crate) use self::slot::{Event, Flight, Grant, Outcome};
use crate::NotAdmitted;
use crate::cooldown::{Cooldown, Probe};
use crate::queue::{Place, Queue, Ticket};
use crate::snapshot::{Counters, Snapshot};
use crate::window::Account;

/// The settings, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) cooldown: u64,
    pub(crate) cooldown_margin: u64,
    pub(crate) count_lag: u64,
    pub(crate) linger: u64,
    pub(crate) max_cooldown: u64,
    pub(crate) max_queued: usize,
    pub(crate) max_transit: Option<u64>,
    pub(crate) max_wait: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Admission {
    account: Account,
    gate: Cooldown,
    queue: Queue,
    settings: Settings,
    counters: Counters,
    /// Slots that were granted and are neither given back nor settled.
    outstanding: u64,
    /// The earliest grant to the first in the queue, if it is known; stale when nobody waits.
    next_grant: Option<u64>,
    /// When something falls due although nobody calls.
    alarm: u64,
}

/// What a queued call finds when it looks.
#[derive(Debug)]
pub(crate) enum Progress {
    Granted,
    Refused(NotAdmitted),
    Waiting,
}

impl Admission {
    pub(crate) fn new(account: Account, settings: Settings) -> Self {
        Self {
            account,
            gate: Cooldown::new(settings.cooldown),
            queue: Queue::default(),
            settings,
            counters: Counters::default(),
            outstanding: 0,
            next_grant: None,
            alarm: NEVER,
        }
    }

    /// When [`run`](Self::run) must be called at the latest; [`NEVER`] if not at all.
    pub(crate) fn alarm(&self) -> u64 {
        self.alarm
    }

    /// Grants a slot if that is right whatever the time, so that no clock need be read: the gate is
    /// open, nobody waits, and there is room beside all stamps, however old.
    #[inline]
    pub(crate) fn try_admit_at_any_time(&mut self) -> Option<Grant> {
        if self.gate.is_open() && self.account.has_room() && self.queue.is_empty() {
            return Some(self.take_slot(None));
        }
        None
    }

    /// Grants a slot if nobody comes before the caller and the rule allows it.
    pub(crate) fn try_admit(&mut self, now: u64) -> Option<Grant> {
        if !self.queue.is_empty() {
            return None;
        }
        let as_probe = self.may_pass(now, Account::check).ok()?;
        Some(self.grant(now, as_probe))
    }

    /// Joins the queue, unless the call would certainly wait past `deadline` or too long.
    pub(crate) fn enqueue(
        &mut self,
        now: u64,
        deadline: Option<u64>,
        waker: Waker,
        effects: &mut Effects,
    ) -> Result<Ticket, NotAdmitted> {
        let deadline = self.deadline(now, deadline);
        if let Some((reason, bound)) = self.refusal(now, deadline) {
            effects.discard(waker);
            self.counters.not_admitted += 1;
            return Err(not_admitted(reason, now, bound));
        }
        self.counters.queued += 1;
        let ticket = self.queue.push(now, waker, deadline);
        if self.queue.len() == 1 {
            self.run(now, effects);
        } else if let Some(deadline) = deadline {
            self.alarm = self.alarm.min(deadline);
        }
        Ok(ticket)
    }

    /// Looks after a queued call, which is to be woken by `waker` from now on.
    pub(crate) fn look(
        &mut self,
        now: u64,
        ticket: &Ticket,
        waker: Waker,
        effects: &mut Effects,
    ) -> Progress {
        match self.queue.place(ticket) {
            Place::Lapsed => {
                self.queue.rejoin(ticket, waker);
                self.run(now, effects);
            }
            Place::Waiting => effects.discard(self.queue.swap_waker(ticket, waker)),
            Place::Granted { .. } | Place::Refused(_) => effects.discard(waker),
        }
        self.progress(ticket)
    }

    pub(crate) fn progress(&self, ticket: &Ticket) -> Progress {
        match self.queue.place(ticket) {
            Place::Granted { .. } => Progress::Granted,
            Place::Refused(error) => Progress::Refused(error.clone()),
            Place::Lapsed | Place::Waiting => Progress::Waiting,
        }
    }

    /// Puts a slot aside whose caller cannot use it yet, and would wait until `deadline` for another.
    pub(crate) fn park(&mut self, now: u64, grant: &Grant, deadline: Option<u64>) -> Ticket {
        let deadline = self.deadline(now, deadline);
        self.queue.push_granted(now, grant.probe, deadline)
    }

    /// Takes up the slot a queued call was granted, and tells since when the call has waited; `Err` if
    /// the slot has gone to another meanwhile.
    pub(crate) fn claim(&mut self, ticket: Ticket) -> Result<(Grant, u64), Ticket> {
        let Place::Granted { probe, .. } = *self.queue.place(&ticket) else {
            return Err(ticket);
        };
        let since = self.queue.since(&ticket);
        self.queue.remove(ticket);
        let episode = self.gate.episode();
        Ok((Grant { probe, episode }, since))
    }

    /// Gives up a place, and the slot if it had one.
    pub(crate) fn leave(&mut self, now: u64, ticket: Ticket, effects: &mut Effects) {
        let (place, waker) = self.queue.remove(ticket);
        effects.discard(waker);
        if let Place::Granted { probe, .. } = place {
            self.give_back(now, probe, effects);
        }
    }

    /// Gives up a slot that was not used.
    pub(crate) fn cancel(&mut self, now: u64, grant: &Grant, effects: &mut Effects) {
        self.give_back(now, grant.probe, effects);
    }

    /// The request leaves.
    pub(crate) fn dispatch(&mut self, now: u64, grant: Grant) -> Flight {
        let mut flight = Flight::of(grant);
        if let Some(transit) = self.settings.max_transit {
            let at = now + transit + self.settings.count_lag;
            flight.stamp_at(self.account.stamp(at));
        }
        flight
    }

    /// Whether anybody waits.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Closes the gate by hand.
    pub(crate) fn hold(&mut self, now: u64, until: u64, effects: &mut Effects) {
        self.gate.hold(until);
        self.run(now, effects);
    }

    /// Changes the quota; requests that the old one made us forget keep everything closed.
    pub(crate) fn retune(&mut self, now: u64, limit: u32, window: u64, effects: &mut Effects) {
        if window > self.account.window()
            && let Some(until) = self.account.blind_until(window)
        {
            self.gate.hold(until);
        }
        self.account.resize(limit, window);
        self.run(now, effects);
    }

    /// Everyone who waits, to be woken because the clock they rely on has stopped.
    pub(crate) fn rouse(&mut self, effects: &mut Effects) {
        effects.wake.extend(self.queue.take_wakers());
    }

    /// What can be seen from outside; `instant` turns our time into the public one.
    pub(crate) fn snapshot(&mut self, now: u64, instant: impl Fn(u64) -> Instant) -> Snapshot {
        let next = self.may_pass(now, Account::check);
        let open = next.is_ok() && self.queue.is_empty();
        Snapshot {
            limit: self.account.limit(),
            free: match next {
                Ok(true) if open => 1, // the probe goes alone
                Ok(false) if open => self.account.free(now),
                _ => 0,
            },
            outstanding: self.outstanding,
            queued: self.queue.len(),
            next_slot: match next {
                Ok(_) => Some(instant(now)),
                Err(next) => next.map(&instant),
            },
            closed_until: self.gate.closed_until(now).map(instant),
            counters: self.counters,
        }
    }

    fn give_back(&mut self, now: u64, probe: Option<Probe>, effects: &mut Effects) {
        self.return_slot(probe);
        if !self.queue.is_empty() {
            self.run(now, effects);
        }
    }

    fn return_slot(&mut self, probe: Option<Probe>) {
        self.account.give_back();
        self.outstanding -= 1;
        self.counters.granted -= 1;
        if let Some(probe) = probe {
            self.gate.probe_lost(probe);
        }
    }
}

/// A duration in nanoseconds, at most some 580 years.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) const NEVER: u64 = u64::MAX;

#[cfg(test)]
mod tests;
