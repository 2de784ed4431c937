//! Which calls are not admitted, and how long they would have waited.

use std::time::Duration;

use super::{Admission, Effects};
use crate::NotAdmitted;
use crate::NotAdmittedReason::{self, DeadlinePassed, QueueFull, WouldWaitTooLong};
use crate::cooldown::Gate;

impl Admission {
    /// Why a newcomer cannot even join, with the earliest grant it could have had.
    pub(super) fn refusal(
        &mut self,
        now: u64,
        deadline: Option<u64>,
    ) -> Option<(NotAdmittedReason, u64)> {
        let full = self.queue.len() >= self.settings.max_queued;
        if !full && deadline.is_none() {
            return None;
        }
        let bound = self.earliest_for_newcomer(now);
        if full {
            return Some((QueueFull, bound));
        }
        (deadline? < bound).then_some((WouldWaitTooLong, bound))
    }

    /// Before then a newcomer cannot be granted a slot, unless those before it give up: no window
    /// grants more than the limit.
    fn earliest_for_newcomer(&mut self, now: u64) -> u64 {
        let gate = match self.gate.check(now) {
            Gate::Wait { until } => until,
            // Nothing is certain: the answer to a probe may open the gate at once.
            Gate::Pass | Gate::PassAsProbe | Gate::WaitForProbe { .. } => now,
        };
        let account = if self.settings.max_transit.is_some() && self.outstanding > 0 {
            now // the next answer may bring any stamp nearer
        } else {
            // All may be answered at once, and slots that nobody has come for may be free again.
            let unclaimed = self.queue.unclaimed() as u64;
            let answered = now + self.settings.count_lag;
            self.account.bound(now, answered, unclaimed)
        };
        let windows = self.queue.len() as u64 / self.account.limit();
        let windows = windows.saturating_mul(self.account.window());
        gate.max(account).saturating_add(windows)
    }

    /// The earlier of a call's own deadline and the longest wait from now on.
    pub(super) fn deadline(&self, now: u64, own: Option<u64>) -> Option<u64> {
        let longest = self.settings.max_wait.map(|wait| now.saturating_add(wait));
        [own, longest].into_iter().flatten().min()
    }

    pub(super) fn refuse_first_deadline(&mut self, now: u64, effects: &mut Effects) {
        self.counters.not_admitted += 1;
        let next = self.next_grant.unwrap_or(now);
        let error = not_admitted(DeadlinePassed, now, next);
        effects.wake.extend(self.queue.refuse_first_deadline(error));
    }
}

pub(super) fn not_admitted(reason: NotAdmittedReason, now: u64, bound: u64) -> NotAdmitted {
    let wait = bound.checked_sub(now).filter(|wait| *wait > 0);
    NotAdmitted::new(reason, wait.map(Duration::from_nanos))
}
