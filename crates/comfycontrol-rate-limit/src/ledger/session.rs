//! One process's side of the budget: what it knows of the record, what it has sent, what comes
//! next.

use std::time::Duration;

use super::attempts::{Attempt, Attempts};
use super::batch::{Demand, Note};
use super::book::Book;
use super::clock::{Clock, Moment};
use super::revision::{Gone, Revision, Taker};
use super::terms::Terms;
use crate::admission::Event;
use crate::cooldown::Probe;
use crate::epoch::NEVER;
use crate::{Member, Record, Version};

mod due;
mod known;
mod pace;
mod random;
mod reading;
mod suspected;
mod suspects;
mod view;

use self::due::Due;
use self::known::Known;
use self::pace::Pace;
use self::random::Random;
pub(crate) use self::reading::Incompatible;
use self::suspected::Suspected;
pub(crate) use self::view::View;

/// What to do next. The answer goes to [`Session::read`], [`Session::replaced`],
/// [`Session::joined`], [`Session::gone`] or [`Session::failed`].
#[derive(Debug)]
pub(crate) enum Action {
    Join(Member),
    Read,
    Gone(Vec<Member>),
    Replace {
        seen: Option<Version>,
        record: Record,
        keep: Duration,
    },
    /// Nothing until then, unless something happens here.
    Wait(u64),
}

/// Slots that were granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Grants {
    pub(crate) count: u64,
    pub(crate) probe: Option<Probe>,
}

/// What is worth telling.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum News {
    Gate(Event),
    Joined {
        members: usize,
    },
    /// The record was lost or is an older one: nothing leaves for so long.
    RecordLost {
        hold: Duration,
    },
    /// The store's clock has stepped by so many microseconds, and was set right.
    ClockCorrected {
        step: i64,
    },
}

#[derive(Debug)]
pub(crate) struct Session {
    terms: Terms,
    id: u128,
    /// Makes what must be told apart from what others make.
    random: Random,
    clock: Option<Clock>,
    /// What the store holds, unless that is unknown.
    seen: Option<Seen>,
    known: Known,
    /// What is not written yet, oldest first.
    notes: Vec<Note>,
    attempts: Attempts,
    sequence: u64,
    due: Due,
    pace: Pace,
    gone: Vec<Gone>,
    suspected: Suspected,
    /// When the batch was sent that was written last: until half a lease later its slots may be
    /// used.
    asked: Option<Moment>,
    has_joined: bool,
    news: Vec<News>,
}

#[derive(Debug)]
struct Seen {
    version: Option<Version>,
    book: Book,
    /// When to look again, by our own clock; not worked out yet.
    look_at: Option<u64>,
}

impl Session {
    /// `seed` is one that no other process has.
    pub(crate) fn new(terms: Terms, id: u128, seed: u64) -> Self {
        Self {
            terms,
            id,
            random: Random(seed),
            clock: None,
            seen: None,
            known: Known::default(),
            notes: Vec::new(),
            attempts: Attempts::default(),
            sequence: 0,
            due: Due::default(),
            pace: Pace::default(),
            gone: Vec::new(),
            suspected: Suspected::default(),
            asked: None,
            has_joined: false,
            news: Vec::new(),
        }
    }

    /// Another quota counts from now on.
    pub(crate) fn set_terms(&mut self, terms: Terms) {
        self.terms = terms;
        if let Some(seen) = &mut self.seen {
            seen.look_at = None;
        }
    }

    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What is worth telling since the last time.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    #[cfg(test)]
    /// The gate's episode, which a request belongs to that leaves now.
    pub(crate) fn episode(&self) -> u32 {
        self.seen.as_ref().map_or(0, |seen| seen.book.gate.episode)
    }

    /// When the batch was sent that was written last.
    pub(crate) fn asked(&self) -> Option<Moment> {
        self.asked
    }

    /// What to do at `now` with that `demand`, whose notes are taken.
    pub(crate) fn next(&mut self, now: Moment, demand: &mut Demand) -> Action {
        self.notes.append(&mut demand.notes);
        if let Some(at) = self.due.retry_at(now) {
            return Action::Wait(at);
        }
        if !self.due.is_joined {
            return Action::Join(Member::from_u128(self.id));
        }
        // Before its first step: what the dead hold is then free sooner.
        if self.due.is_new()
            && let Some(suspects) = self.suspects(now)
        {
            return Action::Gone(suspects);
        }
        let (Some(seen), Some(clock)) = (&self.seen, &self.clock) else {
            return Action::Read;
        };
        let taker = Taker {
            id: self.id,
            terms: &self.terms,
            clock,
            now,
            gone: &self.gone,
            patience: self.pace.patience(&self.terms),
        };
        let revision = taker.revise(&seen.book, &self.notes, demand);
        let is_idle = demand.outstanding == 0 && demand.wanted == 0;
        let renewal = self.due.renewal(&self.terms, self.asked, demand);
        let is_alone = revision.book.owners.queue().len() <= 1;
        let stamps_due = self.due.stamps(&self.terms, &self.notes, is_alone);
        let must_tell = !is_idle || !self.notes.is_empty();
        let needed = revision.is_needed
            || (must_tell && (self.known.loss.is_some() || clock.shift() != seen.book.shift))
            || renewal.min(stamps_due) <= now.monotonic;
        if needed {
            return self.replace(now, revision);
        }
        if demand.wanted == 0 {
            if let Some(seen) = &mut self.seen {
                seen.look_at = None;
            }
            return Action::Wait(renewal.min(stamps_due));
        }
        let look_at = revision.look_at.map_or(NEVER, |at| clock.reaches(at));
        let look_at = seen.look_at.unwrap_or(look_at);
        if look_at <= now.monotonic {
            self.pace.took(now.monotonic - look_at);
            return Action::Read;
        }
        if let Some(suspects) = self.suspects(now) {
            return Action::Gone(suspects);
        }
        let (Some(seen), Some(clock)) = (&self.seen, &self.clock) else {
            return Action::Read;
        };
        let question = self.question(seen, clock, now);
        if let Some(seen) = &mut self.seen {
            seen.look_at = Some(look_at);
        }
        Action::Wait(look_at.min(renewal).min(stamps_due).min(question))
    }

    fn replace(&mut self, now: Moment, revision: Revision) -> Action {
        let Revision {
            mut book,
            granted,
            probe,
            events,
            ..
        } = revision;
        let (Some(seen), Some(clock)) = (&self.seen, &self.clock) else {
            return Action::Read;
        };
        self.sequence += 1;
        if let Some(owner) = book.owners.get_mut(self.id) {
            owner.sequence = self.sequence;
        }
        book.counter = book.counter.saturating_add(1);
        book.shift = clock.shift();
        let nonce = self.random.next();
        let mut version = [0; 16];
        version[..8].copy_from_slice(&book.counter.to_be_bytes());
        version[8..].copy_from_slice(&nonce.to_be_bytes());
        let version = Version::from_bytes(version);
        let record = Record {
            version,
            content: book.encode(),
        };
        self.attempts.push(Attempt {
            sequence: self.sequence,
            seen: seen.version,
            version,
            book,
            notes: self.notes.len(),
            asked: now,
            granted,
            probe,
            events,
            tells_loss: self.known.loss.is_some(),
        });
        Action::Replace {
            seen: seen.version,
            record,
            keep: Duration::from_micros(self.terms.keep()),
        }
    }
}
