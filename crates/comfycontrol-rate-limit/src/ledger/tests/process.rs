//! One process in the simulation: it wants as much as it can get.

use crate::cooldown::Probe;
use crate::ledger::session::Grants;
use crate::ledger::{Demand, Moment, Note, Session, Terms};

#[derive(Debug)]
pub(super) struct Process {
    pub(super) session: Session,
    /// How often it was started: what belongs to an earlier start is dropped.
    pub(super) life: u32,
    pub(super) lease: u64,
    pub(super) is_busy: bool,
    pub(super) notes: Vec<Note>,
    pub(super) outstanding: u64,
    pub(super) wanted: u64,
    pub(super) stopped_until: u64,
    /// When the store told it what time it is.
    pub(super) time_told: u64,
    /// The wake that counts.
    pub(super) wake: u64,
}

impl Process {
    pub(super) fn new(terms: Terms, id: u64, life: u32, wanted: u64) -> Self {
        let id = u128::from(id) << 32 | u128::from(life);
        Self {
            session: Session::new(terms, id, id as u64 * 977),
            life,
            lease: terms.lease,
            is_busy: false,
            notes: Vec::new(),
            outstanding: 0,
            wanted,
            stopped_until: 0,
            time_told: 0,
            wake: 0,
        }
    }

    pub(super) fn demand(&mut self) -> Demand {
        Demand {
            notes: std::mem::take(&mut self.notes),
            outstanding: self.outstanding,
            held: 0,
            wanted: self.wanted,
            is_leaving: false,
        }
    }

    /// How many of the slots may be used at `now`: none if it took too long to hear of them.
    pub(super) fn take(&mut self, now: u64, grants: Grants) -> (u64, Option<Probe>) {
        let asked = self.session.asked().unwrap_or_default();
        if moment(now).longest_since(asked) > self.lease * 1_000 / 2 {
            self.notes.extend(grants.probe.map(Note::ProbeLost));
            return (0, None);
        }
        self.outstanding += grants.count;
        (grants.count, grants.probe)
    }
}

/// True microseconds, as a process's own clocks show them.
pub(super) fn moment(now: u64) -> Moment {
    Moment {
        monotonic: now * 1_000,
        wall: now * 1_000,
    }
}
