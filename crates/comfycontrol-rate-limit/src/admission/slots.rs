//! The slots: whether the rule and the gate let one more request go, and what its end changes.

mod shared;

use std::time::Duration;

use super::desk::Desk;
use super::in_flight::InFlight;
use super::outlook::Outlook;
use super::settings::Settings;
use super::slot::{DispatchedSlot, Event, Grant, Outcome};
use crate::account::Account;
use crate::cooldown::{Cooldown, Gate, Probe, Throttled};

#[derive(Debug)]
pub(super) struct Slots {
    account: Account,
    gate: Cooldown,
    settings: Settings,
    /// One more is granted whatever the time if fewer are remembered.
    timeless: u64,
    /// How many were ever granted and not given back, and how many of those are settled.
    granted: u64,
    settled: u64,
    in_flight: InFlight,
    /// Where the budget is shared with other processes.
    desk: Option<Box<Desk>>,
}

impl Slots {
    pub(super) fn new(account: Account, settings: Settings) -> Self {
        let timeless = settings.timeless(account.limit());
        Self {
            account,
            timeless,
            gate: Cooldown::new(),
            settings,
            granted: 0,
            settled: 0,
            in_flight: InFlight::default(),
            desk: None,
        }
    }

    /// Whether one more may be granted whatever the time: the gate is open, and there is room in
    /// addition to all stamps, however old.
    #[inline]
    pub(super) fn are_free_at_any_time(&self) -> bool {
        self.gate.is_open() && self.account.remembered() < self.timeless
    }

    /// Whether the next in line may go now, and if so, whether as the probe.
    ///
    /// # Errors
    ///
    /// The earliest instant at which it may, as far as that is known.
    pub(super) fn may_grant(&mut self, now: u64) -> Result<bool, Option<u64>> {
        let as_probe = match self.gate.check(now) {
            Gate::Pass => false,
            Gate::PassAsProbe => true,
            Gate::Wait { until } => {
                return Err(match self.account.check(now) {
                    Ok(()) => Some(until),
                    Err(earliest) => earliest.map(|at| at.max(until)),
                });
            }
            Gate::WaitForProbe { .. } => return Err(None),
        };
        self.account.check(now).map(|()| as_probe)
    }

    /// When to look again for the first in line, which is granted its slot at `next_grant` if that
    /// is known.
    pub(super) fn retry_at(&mut self, now: u64, next_grant: Option<u64>) -> Option<u64> {
        match self.gate.check(now) {
            Gate::WaitForProbe { until } => Some(until),
            Gate::Pass | Gate::PassAsProbe | Gate::Wait { .. } => next_grant,
        }
    }

    /// Before then no call behind `ahead` others can be granted a slot, unless those give up: no
    /// window grants more than the limit. Of the slots granted, `unclaimed` may come back unused.
    pub(super) fn lower_bound(&mut self, now: u64, ahead: usize, unclaimed: usize) -> u64 {
        let gate = match self.gate.check(now) {
            Gate::Wait { until } => until,
            // Nothing is certain: the response to a probe may open the gate at once.
            Gate::Pass | Gate::PassAsProbe | Gate::WaitForProbe { .. } => now,
        };
        let account = if self.settings.max_transit.is_some() && self.outstanding() > 0 {
            now // the next response may bring any stamp nearer
        } else {
            // All responses may come at once, and slots that no call has come for may be free
            // again.
            let stamped = now + self.settings.count_lag;
            self.account.lower_bound(now, stamped, unclaimed as u64)
        };
        let windows = ahead as u64 / self.account.limit();
        let windows = windows.saturating_mul(self.account.window());
        gate.max(account).saturating_add(windows)
    }

    /// The waiting calls are served as far as possible, and `granted` of them have a slot now.
    pub(super) fn note(&mut self, now: u64, granted: u64, awaited: bool) {
        if granted > 0 || awaited {
            let unstamped = self.account.unstamped();
            self.in_flight.note(now, unstamped, granted);
        }
        if !awaited {
            self.in_flight.pause();
        }
    }

    /// What waiting calls may expect.
    pub(super) fn outlook(&self, now: u64) -> Outlook {
        let start = self.closed_until(now).unwrap_or(now);
        if let Some(desk) = &self.desk {
            let (limit, window) = desk.quota;
            let each = window / u64::from(limit) * (desk.view.waiting as u64).max(1);
            return Outlook::paced(desk.view.next.unwrap_or(start).max(start), each);
        }
        let latency = self.in_flight.latency(self.account.unstamped());
        Outlook::new(self.account.clone(), start, latency)
    }

    pub(super) fn grant(&mut self, now: u64, as_probe: bool) -> Grant {
        let probe = match &mut self.desk {
            None => as_probe.then(|| self.gate.probe(now)),
            Some(desk) => desk.probe.take(),
        };
        self.take(probe)
    }

    #[inline]
    pub(super) fn take(&mut self, probe: Option<Probe>) -> Grant {
        self.account.take();
        self.granted += 1;
        self.claim(probe)
    }

    /// The slot, for a request that leaves from now on.
    #[inline]
    pub(super) fn claim(&self, probe: Option<Probe>) -> Grant {
        let episode = self.gate.episode();
        Grant { probe, episode }
    }

    /// The slot of a request that leaves although its slot has gone to another.
    pub(super) fn overdraw(&mut self) -> Grant {
        if self.desk.is_some() {
            self.account.give(1);
        }
        self.take(None)
    }

    /// Takes a slot back that was not used.
    pub(super) fn give_back(&mut self, probe: Option<Probe>) {
        self.account.give_back();
        self.granted -= 1;
        if let Some(probe) = probe {
            match &mut self.desk {
                None => self.gate.probe_lost(probe),
                Some(desk) => desk.probe = Some(probe), // for the next in line
            }
        }
    }

    /// The request leaves.
    pub(super) fn dispatch(&mut self, now: u64, grant: Grant) -> DispatchedSlot {
        if self.desk.is_some() {
            return self.dispatch_shared(now, grant);
        }
        let mut slot = DispatchedSlot::of(grant);
        if let Some(transit) = self.settings.max_transit {
            let at = now + transit + self.settings.count_lag;
            slot.stamp_at(self.account.stamp(at));
        }
        slot
    }

    /// The response to a [plain](DispatchedSlot::is_plain) request has come.
    #[inline]
    pub(super) fn settle_plainly(&mut self, now: u64) {
        self.settled += 1;
        self.account.stamp(now + self.settings.count_lag);
    }

    /// The request has ended, one way or the other.
    #[inline]
    pub(super) fn settle(
        &mut self,
        now: u64,
        slot: &DispatchedSlot,
        outcome: Outcome,
    ) -> Option<Event> {
        self.settled += 1;
        let mut at = now + self.settings.count_lag;
        if outcome == Outcome::Lost {
            at += self.settings.linger;
        }
        match slot.stamp() {
            None => _ = self.account.stamp(at),
            Some(old) if at < old => self.account.move_stamp(old, at),
            Some(_) => {}
        }
        match outcome {
            Outcome::Responded => {
                let opened = slot
                    .probe
                    .is_some_and(|probe| self.gate.probe_succeeded(probe));
                opened.then_some(Event::CooldownEnded)
            }
            Outcome::Lost => {
                if let Some(probe) = slot.probe {
                    self.gate.probe_lost(probe);
                }
                None
            }
            Outcome::Throttled(asked) => self.throttled(now, slot.episode, asked),
        }
    }

    fn throttled(&mut self, now: u64, episode: u32, asked: Option<Duration>) -> Option<Event> {
        let settings = self.settings;
        let pause = |strikes| settings.pause(asked, strikes);
        let throttled = self.gate.throttled(now, episode, pause);
        // Of the server's count we know nothing now, so the worst is assumed.
        self.account.fill(now + settings.count_lag);
        match throttled {
            Throttled::SameEpisode => None,
            Throttled::NewEpisode { strikes } => {
                let pause = Duration::from_nanos(pause(strikes));
                Some(Event::CooldownStarted { pause, strikes })
            }
        }
    }

    /// Closes the gate manually.
    pub(super) fn pause(&mut self, now: u64, until: u64) {
        self.gate.pause(until);
        if let Some(desk) = &mut self.desk {
            desk.pause(now, until);
        }
    }

    /// Changes the quota; requests that a shorter window made us forget keep everything closed.
    pub(super) fn set_quota(&mut self, limit: u32, window: u64) {
        if let Some(desk) = &mut self.desk {
            (desk.quota, desk.is_quota_new) = ((limit, window), true);
            return;
        }
        self.account.resize(limit, window);
        self.gate.blind(self.account.incomplete_until());
        self.timeless = self.settings.timeless(limit.into());
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn limit(&self) -> u64 {
        self.quota().0
    }

    /// How many requests in what window.
    pub(super) fn quota(&self) -> (u64, u64) {
        match &self.desk {
            None => (self.account.limit(), self.account.window()),
            Some(desk) => (desk.quota.0.into(), desk.quota.1),
        }
    }

    /// From when on the rule allows `more` together, whatever the gate says; `None` while that
    /// depends on responses.
    pub(super) fn earliest_for(&mut self, now: u64, more: u64) -> Option<u64> {
        let earliest = self.account.earliest_for(more);
        earliest.map(|at| at.max(now))
    }

    /// How many the rule allows at `now`, whatever the gate says.
    pub(super) fn free(&mut self, now: u64) -> u64 {
        self.account.free(now) // of a shared budget, what is here
    }

    pub(super) fn outstanding(&self) -> u64 {
        self.granted - self.settled
    }

    pub(super) fn granted(&self) -> u64 {
        self.granted
    }

    pub(super) fn closed_until(&self, now: u64) -> Option<u64> {
        self.gate.closed_until(now)
    }
}
