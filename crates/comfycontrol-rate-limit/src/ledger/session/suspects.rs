//! Which other processes may be dead: the store is asked about these.

use super::{Seen, Session};
use crate::Member;
use crate::epoch::NEVER;
use crate::ledger::clock::{Clock, Moment};
use crate::ledger::owners::Owner;

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
        let silent = self.that_matter(seen, lower).filter(|owner| {
            let is_silent = self.silent_after(owner) < lower;
            let spared_until = self.suspected.spared_until(owner.id, &self.terms);
            self.due.is_new() || (is_silent && spared_until <= now.monotonic)
        });
        let suspects: Vec<Owner> = silent.copied().collect();
        if !suspects.is_empty() {
            self.due.asks(now);
            self.suspected.ask(&suspects, now, &self.terms);
            let members = suspects.iter().map(|owner| Member::from_u128(owner.id));
            return Some(members.collect());
        }
        if self.due.is_new() {
            self.due.has_asked(now);
        }
        None
    }

    /// When there is something to ask, by our own clock. A store that has to see for itself how
    /// long one is absent is asked often enough that no absence seems to end in between.
    pub(super) fn question(&self, seen: &Seen, clock: &Clock, now: Moment) -> u64 {
        let owners = self.that_matter(seen, clock.lower(now));
        let silent = owners.map(|owner| {
            let silent = clock.reaches(self.silent_after(owner) + 1);
            silent.max(self.suspected.spared_until(owner.id, &self.terms))
        });
        let first = silent.min().unwrap_or(NEVER);
        first.max(self.due.may_ask_at(&self.terms))
    }

    /// What others hold is missed by all; one that only waits is overtaken, and one that is known
    /// to be dead is asked about no more.
    fn that_matter<'a>(&'a self, seen: &'a Seen, lower: u64) -> impl Iterator<Item = &'a Owner> {
        seen.book.owners.all().iter().filter(move |owner| {
            let matters = owner.unstamped > 0 || owner.is_late;
            let is_dead =
                owner.lease_end <= lower || self.gone.iter().any(|gone| gone.id == owner.id);
            owner.id != self.id && matters && !is_dead
        })
    }

    /// After that it was not heard of for a quarter of a lease.
    fn silent_after(&self, owner: &Owner) -> u64 {
        (owner.lease_end + self.terms.lease / 4).saturating_sub(self.terms.lease)
    }
}
