use std::mem;
use std::time::Duration;

use crate::departure::Departed;
use crate::timeouts::{TimedOut, Which};
use crate::{Error, Sent};

/// The last failure of a call that may have reached the server.
#[derive(Default)]
pub(super) struct Earlier(Option<Error>);

/// It belongs to one call; a copy of the policy serves another.
impl Clone for Earlier {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl Earlier {
    /// Makes the error of the newest attempt speak for those before it.
    pub(super) fn complete(&mut self, newest: &mut Error) {
        let Some(earlier) = &mut self.0 else {
            return;
        };
        if newest.as_not_admitted().is_some() {
            // Not being admitted again is no news beside what made another attempt necessary.
            mem::swap(newest, earlier);
        } else {
            newest.sent_before(earlier.sent());
        }
    }

    /// Keeps a failure, after which the call is made again, if it may have reached the server.
    pub(super) fn keep(&mut self, failed: &mut Error) {
        if failed.sent() != Sent::No {
            // What is left in its place is dropped unseen when the next attempt begins.
            let unseen = TimedOut::new(Which::Attempt, Duration::ZERO, Departed::Maybe);
            self.0 = Some(mem::replace(failed, unseen.into()));
        }
    }
}
