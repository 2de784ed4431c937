//! By what one process sees that the record was lost, or is an older one.
//!
//! A *lineage* begins with each book that was begun again. Its number is a generation, and a random
//! part. Generation 0 was begun by a process that knew of no loss. Any other was begun by a process
//! that did, and that closed it for as long as it takes: others that see it need not close it once
//! more.

use super::random::Random;
use crate::ledger::book::Book;
use crate::ledger::clock::{Clock, Moment};
use crate::ledger::terms::Terms;

#[derive(Debug, Default)]
pub(super) struct Known {
    /// The lineage and the counter of the record as it was seen last, and when.
    last: Option<(u64, u64, Moment)>,
    /// Not told to the others yet.
    pub(super) loss: Option<Loss>,
}

/// The record was lost before that moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loss {
    at: Moment,
    generation: u64,
    /// For how long nothing may be granted from then on, in microseconds.
    hold: u64,
}

impl Loss {
    /// Makes `book` the first of a lineage that nothing is granted by until it is safe.
    pub(super) fn tell(self, book: &mut Book, clock: &Clock, terms: &Terms, random: &mut Random) {
        let until = clock.upper(self.at) + self.hold;
        book.hold_until = book.hold_until.max(until);
        if self.hold >= terms.hold() {
            book.lineage = lineage(self.generation, random.next());
        }
    }

    pub(super) fn hold(&self) -> u64 {
        self.hold
    }
}

impl Known {
    /// What is there now; returns whether that is news of a loss.
    pub(super) fn compare(
        &mut self,
        book: &Book,
        is_other_instance: bool,
        terms: &Terms,
        now: Moment,
    ) -> bool {
        let generation = generation_of(book.lineage);
        let lost = match self.last {
            None => is_other_instance,
            Some((lineage, counter, _)) if lineage == book.lineage => {
                is_other_instance || book.counter < counter
            }
            Some((lineage, _, at)) => {
                let is_kept = now.longest_since(at) < terms.keep() * 1_000;
                let known = generation_of(lineage);
                is_other_instance
                    || (is_kept && (generation < known || (generation == known && known == 0)))
            }
        };
        if lost {
            self.lose(generation, terms.hold(), now);
        } else if self.loss.is_some_and(|loss| loss.generation <= generation) {
            self.loss = None; // somebody else was quicker to say so
        }
        lost
    }

    /// There is none now, where one was there or may have been; returns whether that is news of a
    /// loss.
    pub(super) fn miss(
        &mut self,
        is_damaged: bool,
        uptime: u64,
        terms: &Terms,
        now: Moment,
    ) -> bool {
        let known = self
            .last
            .filter(|(_, _, at)| now.longest_since(*at) < terms.keep() * 1_000);
        let generation = self
            .last
            .map_or(0, |(lineage, _, _)| generation_of(lineage));
        if is_damaged || known.is_some() {
            self.lose(generation, terms.hold(), now);
            return true;
        }
        if uptime < terms.hold() {
            self.lose(generation, terms.hold() - uptime, now);
        }
        false
    }

    fn lose(&mut self, generation: u64, hold: u64, now: Moment) {
        let known = self
            .last
            .map_or(0, |(lineage, _, _)| generation_of(lineage));
        if self.loss.is_none_or(|loss| loss.hold < hold) {
            self.loss = Some(Loss {
                at: now,
                generation: generation.max(known) + 1,
                hold,
            });
        }
    }

    pub(super) fn has_seen(&mut self, book: &Book, now: Moment) {
        self.last = Some((book.lineage, book.counter, now));
    }
}

/// The number of a new lineage.
pub(super) fn lineage(generation: u64, random: u64) -> u64 {
    generation.min(u32::MAX.into()) << 32 | random & 0xffff_ffff
}

fn generation_of(lineage: u64) -> u64 {
    lineage >> 32
}
