//! What the server's answers change.

use std::mem;

use tokio::time::Instant;

use super::{Asked, Cache, Known, Notice};
use crate::SourceProblem;

/// What to do with a 401.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Another token is in use by now.
    Replaced,
    /// There is no other token.
    Unchanged,
    /// Wait for the reading under way, or start one and wait for that.
    Wait,
}

impl Cache {
    /// Decides on a 401 to a request that carried the token of `generation`.
    pub(crate) fn refused(
        &mut self,
        generation: u64,
        now: Option<Instant>,
    ) -> (Verdict, Option<Notice>) {
        let Some(current) = &mut self.current else {
            return (Verdict::Unchanged, None);
        };
        if current.generation == generation {
            // A server that refuses now and then what it accepts otherwise does not have the source read each time.
            let asked = now
                .zip(current.asked_in_vain)
                .is_some_and(|(now, at)| now.saturating_duration_since(at) < self.interval);
            let asked = if asked { Asked::Yes } else { Asked::No };
            current.rejected.get_or_insert(asked);
            if let Some(notice) = self.take_back() {
                return (Verdict::Replaced, Some(notice));
            }
        } else {
            for past in &mut self.past {
                if past.generation == generation {
                    past.rejected.get_or_insert(Asked::Yes);
                }
            }
            if current.rejected.is_none() {
                return (Verdict::Replaced, None);
            }
        }
        let unanswered = |current: &Known| current.rejected != Some(Asked::Yes);
        match now {
            Some(_) if self.current.as_ref().is_some_and(unanswered) => (Verdict::Wait, None),
            _ => (Verdict::Unchanged, None),
        }
    }

    /// The server accepted a token that was on trial, or that it had refused before.
    pub(crate) fn accepted(&mut self, generation: u64) {
        if let Some(current) = &mut self.current
            && current.generation == generation
        {
            current.rejected = None;
            current.on_trial = false;
        }
    }

    /// Puts the token before back in the place of one on trial, if that one still works.
    ///
    /// It keeps its generation, so that a refusal of a request still under way is known to be its own.
    fn take_back(&mut self) -> Option<Notice> {
        let current = self.current.as_mut().filter(|current| current.on_trial)?;
        let at = self.past.iter().position(Known::works)?;
        let before = self.past.remove(at)?;
        let fingerprint = before.token.fingerprint();
        let refused = mem::replace(current, before);
        self.past.push_front(refused);
        self.next_look = None;
        let error = self.problem(SourceProblem::Refused);
        self.error = Some(error.clone());
        Some(Notice::TakenBack(error, fingerprint))
    }
}
