//! What has happened in one process since it last wrote to the record.

use std::time::Duration;

use super::clock::Moment;
use crate::cooldown::Probe;

/// One thing that all must know of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Note {
    /// A request cannot be counted any more `later` nanoseconds after that moment.
    Stamped { at: Moment, later: u64 },
    /// The server throttled a request of that episode, and asked for that long a wait.
    Throttled {
        at: Moment,
        episode: u32,
        asked: Option<Duration>,
    },
    /// A probe got another response.
    ProbeSucceeded(Probe),
    /// A probe will get none.
    ProbeLost(Probe),
    /// A caller wants nothing to leave for so many nanoseconds after that moment.
    Hold { at: Moment, pause: u64 },
}

/// Where a process stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Demand {
    /// What is to be written, oldest first.
    pub(crate) notes: Vec<Note>,
    /// How many slots are on their way, or held.
    pub(crate) outstanding: u64,
    /// Of those, how many are held and might leave.
    pub(crate) held: u64,
    /// How many calls wait for more.
    pub(crate) wanted: u64,
    /// Whether it is about to go for good.
    pub(crate) is_leaving: bool,
}
