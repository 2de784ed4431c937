//! What was sent and may have been written: an answer that is lost proves nothing. Each attempt
//! takes what was written for certain as its start, so at most one of them is ever written.

use super::book::Book;
use super::clock::Moment;
use crate::Version;
use crate::admission::Event;
use crate::cooldown::Probe;

#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) sequence: u64,
    /// What it replaces, and what it makes of it.
    pub(super) seen: Option<Version>,
    pub(super) version: Version,
    pub(super) book: Book,
    /// How many of the oldest notes are in it.
    pub(super) notes: usize,
    pub(super) asked: Moment,
    pub(super) granted: u64,
    pub(super) probe: Option<Probe>,
    pub(super) events: Vec<Event>,
    /// It says that the record before was lost.
    pub(super) tells_loss: bool,
}

#[derive(Debug, Default)]
pub(super) struct Attempts(Vec<Attempt>);

impl Attempts {
    pub(super) fn push(&mut self, attempt: Attempt) {
        self.0.push(attempt);
    }

    /// The store holds that version: the attempt that was written, if one was. Others may still be,
    /// as long as the store has what they replace.
    pub(super) fn resolve(
        &mut self,
        version: Option<Version>,
        own_sequence: Option<u64>,
    ) -> Option<Attempt> {
        let written = self.0.iter().position(|attempt| {
            Some(attempt.version) == version || Some(attempt.sequence) == own_sequence
        });
        match written {
            Some(index) => {
                let attempt = self.0.swap_remove(index);
                self.0.clear();
                Some(attempt)
            }
            None => {
                self.0.retain(|attempt| attempt.seen == version);
                None
            }
        }
    }

    /// The one that was sent last.
    pub(super) fn last(&self) -> Option<&Attempt> {
        self.0.last()
    }
}
