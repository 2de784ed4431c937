//! What has been heard since of those that the store was asked about.

use crate::ledger::clock::Moment;
use crate::ledger::owners::{Owner, Owners};
use crate::ledger::terms::Terms;

#[derive(Debug, Default)]
pub(super) struct Suspected(Vec<Suspect>);

/// A process that the store was asked about.
#[derive(Debug)]
struct Suspect {
    id: u128,
    /// Of what it had written last when that was asked.
    sequence: u64,
    /// When it was seen, by our own clock, that it has written since.
    heard_at: Option<u64>,
}

impl Suspected {
    /// The store is asked about these.
    pub(super) fn ask(&mut self, owners: &[Owner], now: Moment, terms: &Terms) {
        self.0
            .retain(|suspect| suspect.spared_until(terms) > now.monotonic);
        self.0.extend(owners.iter().map(|owner| Suspect {
            id: owner.id,
            sequence: owner.sequence,
            heard_at: None,
        }));
    }

    /// The record holds these now.
    pub(super) fn hear(&mut self, owners: &Owners, now: Moment) {
        for suspect in &mut self.0 {
            let owner = owners.get(suspect.id);
            if owner.is_some_and(|owner| owner.sequence != suspect.sequence) {
                suspect.heard_at.get_or_insert(now.monotonic);
            }
        }
    }

    /// Until when that one is not asked about: one that had written when it was, unknown to us, is
    /// spared for a quarter of a lease. A store that measures its absence then begins again.
    pub(super) fn spared_until(&self, id: u128, terms: &Terms) -> u64 {
        let suspect = self.0.iter().find(|suspect| suspect.id == id);
        suspect.map_or(0, |suspect| suspect.spared_until(terms))
    }
}

impl Suspect {
    fn spared_until(&self, terms: &Terms) -> u64 {
        let until = |at: u64| at.saturating_add(terms.lease * 1_000 / 4);
        self.heard_at.map_or(0, until)
    }
}
