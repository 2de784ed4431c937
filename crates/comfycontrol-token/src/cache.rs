//! Which token is in use and when the source is read: no I/O, no clock, no async.

mod decision;
mod expiry;
mod history;
mod known;
mod notice;
mod reading;
mod schedule;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use http::HeaderValue;
use tokio::time::Instant;

pub(crate) use self::decision::{Advice, Verdict};
use self::expiry::WARN_BEFORE;
use self::history::History;
pub(crate) use self::known::Outgoing;
use self::known::{Asked, Known};
pub(crate) use self::notice::Notice;
pub(crate) use self::reading::Reading;
use self::reading::Unsettled;
use self::schedule::Schedule;
use crate::source::SHORTEST_INTERVAL;
use crate::{SourceError, SourceErrorKind, Token};

/// The present token and what is known about its source.
///
/// A token *works* until the server sends a 401 for it or its date is past. While it works, no call
/// waits, and only a good reading takes its place. No reading can tell a token from the first half
/// of a longer one. So a token that takes the place of one that works is on trial until the server
/// accepts it; on a 401 it gives the place back.
pub(crate) struct Cache {
    /// Whether there is a source to read, not a token put in by the program.
    has_source: bool,
    /// The source's name, for errors made here.
    name: Box<str>,
    tokens: History,
    schedule: Schedule,
    warn_before: Duration,
    error: Option<SourceError>,
}

impl Cache {
    pub(crate) fn new(name: Box<str>, has_source: bool) -> Self {
        Self {
            has_source,
            name,
            tokens: History::new(),
            schedule: Schedule::new(),
            warn_before: WARN_BEFORE,
            error: None,
        }
    }

    /// The present token, if it has no date; for tokens put in by the program.
    pub(crate) fn get_undated(&self) -> Option<Outgoing> {
        match &self.tokens.current {
            Some(current) if current.token.expires_at().is_none() => Some(current.outgoing()),
            _ => None,
        }
    }

    /// The present token, if there is nothing to think about.
    pub(crate) fn get(&self, now: Instant) -> Option<Outgoing> {
        match &self.tokens.current {
            Some(current) if self.schedule.is_quiet(now) && !current.waits_for_source() => {
                Some(current.outgoing())
            }
            _ => None,
        }
    }

    /// The present token, whatever is to be said against it.
    pub(crate) fn get_any(&self) -> Option<Outgoing> {
        self.tokens.current.as_ref().map(Known::outgoing)
    }

    /// Decides on a request that [`get`](Self::get) could not serve.
    pub(crate) fn check(
        &mut self,
        now: Instant,
        wall: SystemTime,
        reading: bool,
    ) -> (Advice, Option<Notice>) {
        let notice = self.assess_expiry(wall);
        let current = self.tokens.current.as_ref();
        let wait = match current {
            Some(current) if current.expires_soon => self.schedule.wait_near_expiry(),
            Some(_) => self.schedule.wait_in_use(),
            None => SHORTEST_INTERVAL,
        };
        let at_once = self.has_source && current.is_some_and(Known::is_unasked);
        let due = self.schedule.check(now, wait, at_once) && self.has_source;
        let waits = current.is_none_or(Known::waits_for_source);
        let advice = match current {
            _ if waits && (due || reading) => Advice::Wait,
            Some(_) if due && !reading => Advice::SendAndRead,
            Some(_) => Advice::Send,
            None => Advice::NoToken,
        };
        (advice, notice)
    }

    /// Puts `token` in use at once, without a source.
    pub(crate) fn put(&mut self, token: Token) -> Option<Notice> {
        self.schedule.check_next();
        match &mut self.tokens.current {
            Some(current) if current.token.is_same(&token) => {
                current.token = token;
                None
            }
            _ => self.tokens.adopt(token, false),
        }
    }

    /// When the source may be read once more, however much that is needed.
    pub(crate) fn rested_at(&self) -> Option<Instant> {
        self.schedule.rested_at()
    }

    /// A reading begins.
    pub(crate) fn begin_reading(&mut self) {
        if self.tokens.current.is_some() && !self.tokens.works() {
            // What is needed at once is read twice at once; an old sighting does not count.
            self.tokens.candidate = None;
        }
        self.tokens.advance(Asked::No, Asked::UnderWay);
    }

    /// A reading ended, perhaps without a result.
    pub(crate) fn end_reading(&mut self) {
        self.tokens.advance(Asked::UnderWay, Asked::No);
    }

    /// Applies what the source gave. `false`: read again in a moment, if there is a `next_try`.
    pub(crate) fn apply(
        &mut self,
        reading: Reading,
        next_try: bool,
        now: Instant,
        wall: SystemTime,
    ) -> (bool, Vec<Notice>) {
        self.schedule.set_interval(reading.interval);
        let mut notices = Vec::new();
        let outcome = reading.apply_to(&mut self.tokens, &self.name, wall, &mut notices);
        if outcome.is_err() && next_try {
            return (false, notices);
        }
        self.schedule.has_read(now);
        if let Some(current) = &mut self.tokens.current {
            if current.unauthorized == Some(Asked::UnderWay) {
                current.asked_in_vain = Some(now);
            }
            current.advance(Asked::UnderWay, Asked::Yes);
        }
        let error = outcome.unwrap_or_else(|Unsettled(error)| Some(error));
        if let Some(error) = &error
            && self.error.as_ref() != Some(error)
        {
            notices.push(Notice::Failed(error.clone()));
        }
        self.error = error;
        notices.extend(self.assess_expiry(wall));
        if let Some(current) = &mut self.tokens.current {
            current.expiry_is_asked();
        }
        (true, notices)
    }

    /// Decides on a 401 to a request that carried the token of `generation`.
    pub(crate) fn unauthorized(
        &mut self,
        generation: u64,
        now: Option<Instant>,
    ) -> (Verdict, Option<Notice>) {
        let Some(current) = &mut self.tokens.current else {
            return (Verdict::Unchanged, None);
        };
        if current.generation == generation {
            // A server that sends a 401 now and then for what it accepts otherwise does not have
            // the source read each time.
            let asked = now
                .zip(current.asked_in_vain)
                .is_some_and(|(now, asked)| self.schedule.is_recent(asked, now));
            let asked = if asked { Asked::Yes } else { Asked::No };
            current.unauthorized.get_or_insert(asked);
            if let Some(notice) = self.take_back() {
                return (Verdict::Replaced, Some(notice));
            }
        } else {
            let replaced = current.unauthorized.is_none();
            self.tokens.past_unauthorized(generation);
            if replaced {
                return (Verdict::Replaced, None);
            }
        }
        let unasked = |current: &Known| current.unauthorized != Some(Asked::Yes);
        match now {
            Some(_) if self.tokens.current.as_ref().is_some_and(unasked) => (Verdict::Wait, None),
            _ => (Verdict::Unchanged, None),
        }
    }

    /// The server accepted a token that was on trial, or that had a 401 before.
    pub(crate) fn accepted(&mut self, generation: u64) {
        self.tokens.accepted(generation);
    }

    /// Whether `value` carries a token that is or was in use here.
    pub(crate) fn knows(&self, value: &HeaderValue) -> bool {
        self.tokens.knows(value)
    }

    /// Whether `token` is better than none: without a 401, and not about to end.
    pub(crate) fn is_good(&self, token: &Token, wall: SystemTime) -> bool {
        self.tokens.is_good(token, wall)
    }

    pub(crate) fn set_warn_before(&mut self, warn_before: Duration) {
        self.warn_before = warn_before;
        self.schedule.check_next();
    }

    pub(crate) fn present(&self) -> Option<&Token> {
        self.tokens.present()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.tokens.generation()
    }

    pub(crate) fn is_unauthorized(&self) -> bool {
        self.tokens.present_is_unauthorized()
    }

    pub(crate) fn error(&self) -> Option<&SourceError> {
        self.error.as_ref()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn assess_expiry(&mut self, wall: SystemTime) -> Option<Notice> {
        let current = self.tokens.current.as_mut()?;
        current.assess_expiry(wall, self.warn_before)
    }

    fn take_back(&mut self) -> Option<Notice> {
        let fingerprint = self.tokens.take_back()?;
        self.schedule.check_next();
        let error = SourceError::new(&self.name, SourceErrorKind::Unauthorized);
        self.error = Some(error.clone());
        Some(Notice::TakenBack(error, fingerprint))
    }
}
