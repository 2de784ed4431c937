//! Which other processes may be dead: the store is asked about these.

use super::Session;
use crate::Member;
use crate::ledger::clock::Moment;

impl Session {
    /// Those that hold what all miss, if it is time to ask: at once for a process that has just
    /// come, since they may have died before; later only about those that were not heard of for
    /// long.
    pub(super) fn suspects(&mut self, now: Moment) -> Option<Vec<Member>> {
        let (seen, clock) = (self.seen.as_ref()?, self.clock.as_ref()?);
        if !self.due.may_ask(now, &self.terms) {
            return None;
        }
        let lower = clock.lower(now);
        let is_silent = |lease_end: u64| {
            self.due.is_new() || lease_end + self.terms.lease / 4 < lower + self.terms.lease
        };
        let owners = seen.book.owners.all().iter();
        let suspects = owners.filter(|owner| {
            // What others hold is missed by all; one that only waits is overtaken.
            let matters = owner.unstamped > 0 || owner.is_late;
            owner.id != self.id && matters && is_silent(owner.lease_end)
        });
        let suspects: Vec<_> = suspects.map(|owner| Member::from_u128(owner.id)).collect();
        if !suspects.is_empty() {
            self.due.asks(now);
            return Some(suspects);
        }
        if self.due.is_new() {
            self.due.has_asked(now);
        }
        None
    }
}
