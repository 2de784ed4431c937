//! What becomes of a request whose head has arrived.

use std::time::Duration;

use super::faults::Strike;
use super::outgoing::Outgoing;
use crate::Ending;

#[derive(Debug)]
pub(crate) struct Arrival {
    /// How long it takes before anything else happens.
    pub(crate) delay: Duration,
    pub(crate) next: Next,
}

#[derive(Debug)]
pub(crate) enum Next {
    /// This comes in place of a response.
    End(Ending),
    /// The API needs to see the body.
    Forward(Strike),
    Respond(Outgoing),
}

impl Arrival {
    /// It happens at once.
    pub(super) fn at_once(next: Next) -> Self {
        Self {
            delay: Duration::ZERO,
            next,
        }
    }
}
