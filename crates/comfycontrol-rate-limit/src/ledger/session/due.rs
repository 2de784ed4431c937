//! What falls due for one process although nothing happens.

use crate::epoch::NEVER;
use crate::ledger::batch::{Demand, Note};
use crate::ledger::clock::Moment;
use crate::ledger::terms::Terms;

#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) is_joined: bool,
    failures: u32,
    failed_at: u64,
    /// When it was asked last which processes are gone. Not yet while a newcomer waits for its
    /// first response.
    asked_at: Option<u64>,
    /// How often it was asked in all.
    questions: u32,
}

impl Due {
    pub(super) fn has_failed(&mut self, now: Moment) {
        self.is_joined = false;
        self.failures += 1;
        self.failed_at = now.monotonic;
    }

    pub(super) fn has_succeeded(&mut self) {
        self.failures = 0;
    }

    /// When to ask again after a failure, if that is later than `now`.
    pub(super) fn retry_at(&self, now: Moment) -> Option<u64> {
        let wait = FIRST_RETRY << self.failures.checked_sub(1)?.min(16);
        let at = self.failed_at + wait.min(LAST_RETRY);
        (now.monotonic < at).then_some(at)
    }

    /// When an owner says that it lives: at two thirds of its lease while it has anything on its
    /// way or waits, and at a third while it holds slots, which it may use for half a lease.
    pub(super) fn renewal(&self, terms: &Terms, asked: Option<Moment>, demand: &Demand) -> u64 {
        let waits = demand.wanted > 0;
        #[cfg(test)]
        let waits = waits && !terms.is(crate::ledger::terms::Broken::NoRenewalWhileQueued);
        let lease = terms.lease * 1_000;
        let after = if demand.held > 0 {
            lease / 3
        } else if demand.outstanding > 0 || waits {
            lease / 3 * 2
        } else {
            return NEVER;
        };
        asked.map_or(NEVER, |asked| asked.monotonic.saturating_add(after))
    }

    /// When stamps are to be written, unless they go with something else before.
    pub(super) fn stamps(&self, terms: &Terms, notes: &[Note], is_alone: bool) -> u64 {
        // Alone: no other process waits to hear of them.
        let wait = if is_alone {
            terms.quota.window.min(terms.lease) * 1_000 / 8
        } else {
            0
        };
        match notes.first() {
            Some(Note::Stamped { at, .. }) => at.monotonic.saturating_add(wait),
            Some(_) => 0,
            None => NEVER,
        }
    }

    /// Whether it has just joined, and does not know which others are gone.
    pub(super) fn is_new(&self) -> bool {
        self.asked_at.is_none()
    }

    pub(super) fn may_ask(&self, now: Moment, terms: &Terms) -> bool {
        now.monotonic >= self.may_ask_at(terms)
    }

    pub(super) fn may_ask_at(&self, terms: &Terms) -> u64 {
        let again = |asked_at| asked_at + terms.lease * 1_000 / 8;
        self.asked_at.map_or(0, again)
    }

    /// It asks. A newcomer asks again if that fails, so often at most: it goes on over a store that
    /// never tells.
    pub(super) fn asks(&mut self, now: Moment) {
        self.questions = self.questions.saturating_add(1);
        if !self.is_new() || self.questions >= FIRST_QUESTIONS {
            self.has_asked(now);
        }
    }

    /// The store has told, or there is nothing to ask.
    pub(super) fn has_asked(&mut self, now: Moment) {
        self.asked_at = Some(now.monotonic);
    }
}

/// How often a newcomer asks until it is told.
const FIRST_QUESTIONS: u32 = 3;

/// After a failure the store is asked again after 50 ms, then after twice as long each time, up to
/// 1 s.
const FIRST_RETRY: u64 = 50_000_000;
const LAST_RETRY: u64 = 1_000_000_000;
