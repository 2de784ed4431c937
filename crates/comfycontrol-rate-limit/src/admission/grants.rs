//! Who gets a slot when, and what becomes of slots that nobody comes for.

use super::{Admission, Effects, Grant, NEVER};
use crate::cooldown::{Gate, Probe};
use crate::window::Account;

impl Admission {
    /// Does all that has fallen due: grants, refusals, and slots that nobody came for.
    pub(crate) fn run(&mut self, now: u64, effects: &mut Effects) {
        while self.queue.first_deadline().is_some_and(|at| at < now) {
            self.refuse_first_deadline(now, effects);
        }
        let mut check: Check = Account::check;
        self.next_grant = loop {
            if self.queue.is_empty() {
                self.alarm = NEVER;
                return;
            }
            if self
                .queue
                .oldest_grant()
                .is_some_and(|at| at + CLAIM <= now)
            {
                self.lapse();
                continue;
            }
            match self.may_pass(now, check) {
                Ok(as_probe) => {
                    // The answer to this one moves the next, most likely before that is due.
                    check = Account::glance;
                    let grant = self.grant(now, as_probe);
                    effects
                        .wake
                        .extend(self.queue.grant_first(now, grant.probe));
                }
                Err(next_grant) => break next_grant,
            }
        };
        while self.queue.first_deadline().is_some_and(|at| at <= now) {
            self.refuse_first_deadline(now, effects);
        }
        let unclaimed = self.queue.oldest_grant().map(|at| at + CLAIM);
        let due = [self.retry_at(now), self.queue.first_deadline(), unclaimed];
        self.alarm = due.into_iter().flatten().min().unwrap_or(NEVER);
    }

    /// Whether the next in line may go now, and if so, whether as the probe.
    ///
    /// # Errors
    ///
    /// The earliest instant at which it may, as far as that is known.
    pub(super) fn may_pass(&mut self, now: u64, check: Check) -> Result<bool, Option<u64>> {
        let as_probe = match self.gate.check(now) {
            Gate::Pass => false,
            Gate::PassAsProbe => true,
            Gate::Wait { until } => {
                return Err(match check(&mut self.account, now) {
                    Ok(()) => Some(until),
                    Err(earliest) => earliest.map(|at| at.max(until)),
                });
            }
            Gate::WaitForProbe { .. } => return Err(None),
        };
        check(&mut self.account, now).map(|()| as_probe)
    }

    /// When to look again for the first in line.
    fn retry_at(&mut self, now: u64) -> Option<u64> {
        match self.gate.check(now) {
            Gate::WaitForProbe { until } => Some(until),
            Gate::Pass | Gate::PassAsProbe | Gate::Wait { .. } => self.next_grant,
        }
    }

    pub(super) fn grant(&mut self, now: u64, as_probe: bool) -> Grant {
        let probe = as_probe.then(|| self.gate.probe(now));
        self.take_slot(probe)
    }

    #[inline]
    pub(super) fn take_slot(&mut self, probe: Option<Probe>) -> Grant {
        self.account.take();
        self.outstanding += 1;
        self.counters.granted += 1;
        let episode = self.gate.episode();
        Grant { probe, episode }
    }

    pub(super) fn lapse(&mut self) {
        let probe = self.queue.lapse_oldest_grant();
        self.return_slot(probe);
    }
}

/// How closely the account is looked at.
pub(super) type Check = fn(&mut Account, u64) -> Result<(), Option<u64>>;

/// How long a granted slot waits for its caller before it goes to the next.
pub(crate) const CLAIM: u64 = 1_000_000_000;
