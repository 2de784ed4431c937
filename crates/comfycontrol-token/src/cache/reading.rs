//! What a reading of the source changes.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{Asked, Cache, Known, Notice, Warned, expiry};
use crate::source::{LONGEST_INTERVAL, SHORTEST_INTERVAL};
use crate::{SourceError, SourceProblem, Token};

/// What a source gave.
pub(crate) struct Reading {
    pub(crate) result: Result<Token, SourceError>,
    pub(crate) may_be_torn: bool,
    pub(crate) interval: Duration,
}

impl Cache {
    /// A reading begins.
    pub(crate) fn begin_reading(&mut self) {
        let Some(current) = &mut self.current else {
            return;
        };
        if !current.works() {
            // What is needed at once is read twice at once; an old sighting does not count.
            self.candidate = None;
        }
        current.advance(Asked::No, Asked::UnderWay);
    }

    /// A reading ended, perhaps without a result.
    pub(crate) fn end_reading(&mut self) {
        if let Some(current) = &mut self.current {
            current.advance(Asked::UnderWay, Asked::No);
        }
    }

    /// Takes up what the source gave. `false`: read again in a moment, if there is a `next_try`.
    pub(crate) fn take_up(
        &mut self,
        reading: Reading,
        next_try: bool,
        now: Instant,
        wall: SystemTime,
    ) -> (bool, Vec<Notice>) {
        self.interval = reading.interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        let mut notices = Vec::new();
        let outcome = self.judge(reading, wall, &mut notices);
        if outcome.is_err() && next_try {
            return (false, notices);
        }
        self.last_read = Some(now);
        self.next_look = Some(now + SHORTEST_INTERVAL);
        if let Some(current) = &mut self.current {
            if current.rejected == Some(Asked::UnderWay) {
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
        if let Some(current) = &mut self.current {
            current.expired = current.expired.map(|_| Asked::Yes);
        }
        (true, notices)
    }

    /// `Ok` with the error to remember, if any.
    fn judge(
        &mut self,
        reading: Reading,
        wall: SystemTime,
        notices: &mut Vec<Notice>,
    ) -> Result<Option<SourceError>, Unsettled> {
        let works = self.current.as_ref().is_some_and(Known::works);
        let torn = reading.may_be_torn && self.current.is_some();
        let token = match reading.result {
            Ok(token) => token,
            Err(error) => {
                self.candidate = None;
                return match torn && !works && error.may_pass() {
                    true => Err(Unsettled(error)),
                    false => Ok(Some(error)),
                };
            }
        };
        if let Some(current) = &mut self.current
            && current.token.is_same(&token)
        {
            // The same token may come with a new date.
            current.token = token;
            self.candidate = None;
            let refused = self.is_rejected().then_some(SourceProblem::Refused);
            return Ok(refused.map(|problem| self.problem(problem)));
        }
        if works && self.is_refused(&token) {
            return Ok(Some(self.problem(SourceProblem::Refused)));
        }
        if works && expiry::time_left(&token, wall) == Some(Duration::ZERO) {
            return Ok(Some(self.problem(SourceProblem::Expired)));
        }
        if torn
            && !self
                .candidate
                .as_ref()
                .is_some_and(|seen| seen.is_same(&token))
        {
            self.candidate = Some(token);
            return match works {
                true => Ok(None),
                false => Err(Unsettled(self.problem(SourceProblem::Unsettled))),
            };
        }
        notices.extend(self.adopt(token, works));
        Ok(None)
    }

    pub(super) fn adopt(&mut self, token: Token, on_trial: bool) -> Option<Notice> {
        self.candidate = None;
        self.generation += 1;
        let refused = self.is_refused(&token);
        let same = |past: &Known| past.token.is_same(&token);
        let at = self.past.iter().position(same);
        let before = at.and_then(|at| self.past.remove(at));
        let new = Known {
            generation: self.generation,
            on_trial,
            // A token once refused is tried again only for want of another, and not announced as new.
            rejected: refused.then_some(Asked::Yes),
            asked_in_vain: None,
            expired: None,
            expires_soon: false,
            warned: before.map_or(Warned::No, |before| before.warned),
            token,
        };
        let fingerprint = new.token.fingerprint();
        let old = self.current.replace(new)?;
        let notice = Notice::Replaced(old.token.fingerprint(), fingerprint);
        if self.past.len() == REMEMBERED {
            self.past.pop_back();
        }
        self.past.push_front(old);
        Some(notice)
    }
}

/// The reading may be of a file that is just being written; what to say if it stays so.
struct Unsettled(SourceError);

/// How many earlier tokens are remembered: enough for requests that took long, and not a store of secrets.
const REMEMBERED: usize = 4;
