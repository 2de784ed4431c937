//! Hands out tokens, and takes note of what the server says of them.

use tokio::time::Instant;

use crate::cache::{Advice, Lent, Verdict};
use crate::flight::{Flight, Wait};
use crate::{SourceError, Tokens, clock};

/// A token for a request, or the way to it.
pub(crate) enum Lease {
    Nothing(SourceError),
    Token(Lent),
    Wait(Wait),
}

/// What came of a 401.
pub(crate) enum Refusal {
    Replaced,
    Unchanged,
    Wait(Wait),
}

impl Tokens {
    /// A token for a request that leaves now. Without `may_read`, it is made do with what is there.
    pub(crate) fn lease(&self, may_read: bool) -> Lease {
        if self.shared.source.is_none()
            && let Some(lent) = self.shared.state.lock().cache.lend_undated()
        {
            return Lease::Token(lent);
        }
        let now = clock::now();
        if let Some(lent) = self.shared.state.lock().cache.lend(now) {
            return Lease::Token(lent);
        }
        self.lease_after_a_look(now, may_read)
    }

    #[cold]
    fn lease_after_a_look(&self, now: Instant, may_read: bool) -> Lease {
        let mut state = self.shared.state.lock();
        let reading = state.waiters.is_some();
        let (advice, notice) = state.cache.look(now, clock::wall(), reading);
        let begin = match advice {
            Advice::GoAndRead => true,
            Advice::Wait => may_read && !reading,
            Advice::Go | Advice::Nothing => false,
        };
        let flight = begin.then(|| Flight::begin(&self.shared, &mut state));
        let lease = match state.cache.lend_anyway() {
            _ if advice == Advice::Wait && may_read => {
                Lease::Wait(Wait::for_flight(&self.shared, &state))
            }
            Some(lent) => Lease::Token(lent),
            None => Lease::Nothing(state.cause()),
        };
        drop(state);
        if let Some(notice) = notice {
            self.shared.report(notice);
        }
        if let Some(flight) = flight {
            flight.launch();
        }
        lease
    }

    /// The server answered 401 to the token of `generation`. Without `may_read`, it is made do with what is there.
    pub(crate) fn refused(&self, generation: u64, may_read: bool) -> Refusal {
        let now = self
            .shared
            .source
            .is_some()
            .then(clock::now)
            .filter(|_| may_read);
        let mut state = self.shared.state.lock();
        let reading = state.waiters.is_some();
        let (verdict, notice) = state.cache.refused(generation, now);
        match verdict {
            Verdict::Replaced => {
                drop(state);
                if let Some(notice) = notice {
                    self.shared.report(notice);
                }
                Refusal::Replaced
            }
            Verdict::Unchanged => Refusal::Unchanged,
            Verdict::Wait => {
                let flight = (!reading).then(|| Flight::begin(&self.shared, &mut state));
                let wait = Wait::for_flight(&self.shared, &state);
                drop(state);
                if let Some(flight) = flight {
                    flight.launch();
                }
                Refusal::Wait(wait)
            }
        }
    }

    pub(crate) fn accepted(&self, generation: u64) {
        self.shared.state.lock().cache.accepted(generation);
    }
}
