//! What the store has told.

use super::known;
use super::{Attempt, Grants, News, Seen, Session};
use crate::ledger::book::Book;
use crate::ledger::clock::{Asked, Clock, Moment};
use crate::ledger::decode::Unreadable;
use crate::ledger::revision::Gone;
use crate::{Algorithm, Member, Reading, Replaced, StoreTime, Version};

/// The record is used by others in a way that this process cannot share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Incompatible {
    Format(u64),
    /// They count in a window of so many microseconds.
    Window(u64),
    Algorithm(Algorithm),
}

impl Session {
    pub(crate) fn joined(&mut self) {
        self.due.is_joined = true;
        self.due.has_succeeded();
    }

    /// The store did not answer: what was asked may have been done or not.
    pub(crate) fn failed(&mut self, now: Moment) {
        self.due.has_failed(now);
        self.seen = None;
    }

    pub(crate) fn gone(&mut self, members: &[Member], now: Moment) {
        self.due.has_asked(now);
        let Some(seen) = &mut self.seen else {
            return;
        };
        for owner in seen.book.owners.all() {
            let is_gone = members.contains(&Member::from_u128(owner.id));
            // As was known first.
            if is_gone && self.gone.iter().all(|gone| gone.id != owner.id) {
                self.gone.push(Gone {
                    id: owner.id,
                    sequence: owner.sequence,
                    at: now,
                });
            }
        }
        if !members.is_empty() {
            seen.look_at = None;
        }
    }

    pub(crate) fn replaced(
        &mut self,
        asked: Asked,
        replaced: Replaced,
    ) -> Result<Option<Grants>, Incompatible> {
        let Asked {
            asked: at,
            answered,
        } = asked;
        self.pace
            .took(answered.monotonic.saturating_sub(at.monotonic));
        match replaced {
            Replaced::Lost(reading) => self.read(asked, reading),
            Replaced::Won(time) => {
                self.due.has_succeeded();
                let version = self.attempts.last().map(|attempt| attempt.version);
                let Some(attempt) = self.attempts.resolve(version, None) else {
                    return Ok(None);
                };
                let book = attempt.book.clone();
                let grants = self.written(attempt);
                self.known.has_seen(&book, asked.answered);
                if let Some(time) = time {
                    self.observe(asked, &time, &book);
                }
                self.see(version, book, asked.answered);
                Ok(grants)
            }
        }
    }

    pub(crate) fn read(
        &mut self,
        asked: Asked,
        reading: Reading,
    ) -> Result<Option<Grants>, Incompatible> {
        self.due.has_succeeded();
        let Reading { record, time } = reading;
        let version = record.as_ref().map(|record| record.version);
        let decoded = record.map(|record| Book::decode(&record.content));
        let book = match decoded {
            Some(Err(Unreadable::Format(format))) => return Err(Incompatible::Format(format)),
            Some(Ok(book)) => Ok(self.agree(book, time.micros)?),
            Some(Err(Unreadable::Damaged)) => Err(true),
            None => Err(false),
        };
        let own = match &book {
            Ok(book) => book.owners.get(self.id).map(|owner| owner.sequence),
            Err(_) => None,
        };
        let written = self.attempts.resolve(version, own);
        let grants = written.and_then(|attempt| self.written(attempt));
        let book = match book {
            Ok(book) => self.recognise(asked, &time, book),
            Err(is_damaged) => self.begin(asked, &time, is_damaged),
        };
        self.see(version, book, asked.answered);
        Ok(grants)
    }

    /// All must count in the same window, or one must be alone.
    fn agree(&self, mut book: Book, micros: u64) -> Result<Book, Incompatible> {
        let (theirs, ours) = (book.quota, self.terms.quota);
        if theirs.window == ours.window && theirs.algorithm == ours.algorithm {
            book.quota.limit = ours.limit;
            return Ok(book);
        }
        let time = micros.saturating_add_signed(book.shift).max(book.clock);
        let mut others = book.owners.all().iter();
        if others.any(|owner| owner.id != self.id && owner.lease_end > time) {
            return Err(if theirs.window == ours.window {
                Incompatible::Algorithm(theirs.algorithm)
            } else {
                Incompatible::Window(theirs.window)
            });
        }
        // What they forgot, we might still count.
        book.hold_until = book.hold_until.max(time + self.terms.hold());
        book.quota = ours;
        Ok(book)
    }

    /// There is a record.
    fn recognise(&mut self, asked: Asked, time: &StoreTime, mut book: Book) -> Book {
        let is_other = book.instance != time.instance;
        #[cfg(test)]
        if self.terms.is(crate::ledger::terms::Broken::FromNothing) {
            book.instance = time.instance;
            return book;
        }
        let lost = self
            .known
            .compare(&book, is_other, &self.terms, asked.answered);
        self.known.has_seen(&book, asked.answered);
        if lost {
            self.tell_loss();
        }
        if is_other {
            // Its clock has another beginning: the time goes on from where it was at least.
            let told = time.micros.saturating_add_signed(book.shift);
            let ours = self
                .clock
                .as_ref()
                .map_or(0, |clock| clock.lower(asked.asked));
            let mut clock = Clock::new(asked, told, book.shift);
            clock.set(asked, time.micros, told, ours.max(book.clock));
            self.clock = Some(clock);
            book.instance = time.instance;
        } else {
            self.observe(asked, time, &book);
        }
        book
    }

    /// There is none, or none that can be read.
    fn begin(&mut self, asked: Asked, time: &StoreTime, is_damaged: bool) -> Book {
        let random = self.random.next();
        let mut book = Book::new(known::lineage(0, random), time.instance, self.terms.quota);
        #[cfg(test)]
        if self.terms.is(crate::ledger::terms::Broken::FromNothing) {
            self.clock = Some(Clock::new(asked, time.micros, 0));
            return book;
        }
        let uptime = u64::try_from(time.uptime.as_micros()).unwrap_or(u64::MAX);
        let lost = self
            .known
            .miss(is_damaged, uptime, &self.terms, asked.answered);
        if lost {
            self.tell_loss();
        }
        let right = match &self.clock {
            Some(clock) => clock.lower(asked.asked).max(time.micros),
            None => time.micros,
        };
        let mut clock = Clock::new(asked, time.micros, 0);
        clock.set(asked, time.micros, time.micros, right);
        book.shift = clock.shift();
        self.clock = Some(clock);
        book
    }

    fn tell_loss(&mut self) {
        if let Some(loss) = &self.known.loss {
            let hold = std::time::Duration::from_micros(loss.hold());
            self.news.push(News::RecordLost { hold });
        }
    }

    fn observe(&mut self, asked: Asked, time: &StoreTime, book: &Book) {
        #[cfg(test)]
        if self.terms.is(crate::ledger::terms::Broken::UncorrectedStep) {
            self.clock = Some(Clock::new(asked, time.micros, 0));
            return;
        }
        let told = time.micros.saturating_add_signed(book.shift);
        match &mut self.clock {
            Some(clock) => {
                if let Some(step) = clock.observe(asked, time.micros, book.shift) {
                    self.news.push(News::ClockCorrected { step });
                }
            }
            None => {
                let mut clock = Clock::new(asked, told, book.shift);
                if told < book.clock {
                    let step = clock.set(asked, time.micros, told, book.clock);
                    self.news.push(News::ClockCorrected { step });
                }
                self.clock = Some(clock);
            }
        }
    }

    /// The store holds that now.
    fn see(&mut self, version: Option<Version>, mut book: Book, now: Moment) {
        if let (Some(loss), Some(clock)) = (self.known.loss, &self.clock) {
            loss.tell(&mut book, clock, &self.terms, &mut self.random);
        }
        let owners = &book.owners;
        self.suspected.hear(owners, now);
        // One that was heard of since was cut off, and is not dead. Its lease need not tell: what
        // it says is never shorter than before, and a better reading makes it no longer.
        self.gone.retain(|gone| {
            let owner = owners.get(gone.id);
            owner.is_some_and(|owner| owner.sequence == gone.sequence)
        });
        self.seen = Some(Seen {
            version,
            book,
            look_at: None,
        });
    }

    /// That attempt is in the record.
    fn written(&mut self, attempt: Attempt) -> Option<Grants> {
        self.notes.drain(..attempt.notes);
        if attempt.tells_loss {
            self.known.loss = None;
        }
        self.asked = Some(attempt.asked);
        self.news.extend(attempt.events.into_iter().map(News::Gate));
        if !std::mem::replace(&mut self.has_joined, true) {
            let members = attempt.book.owners.all().len();
            self.news.push(News::Joined { members });
        }
        (attempt.granted > 0).then_some(Grants {
            count: attempt.granted,
            probe: attempt.probe,
        })
    }
}
