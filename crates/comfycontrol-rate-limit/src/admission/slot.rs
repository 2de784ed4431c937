use std::num::NonZeroU64;
use std::time::Duration;

use crate::cooldown::Probe;

/// A slot that was granted and not used yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    pub(super) probe: Option<Probe>,
    pub(super) episode: u32,
}

/// A slot whose request is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DispatchedSlot {
    pub(super) probe: Option<Probe>,
    pub(super) episode: u32,
    /// One nanosecond after the stamp it has already, where the way to the server is bounded.
    after_stamp: Option<NonZeroU64>,
}

// It is moved at every step of a call.
const _: () = assert!(size_of::<DispatchedSlot>() <= 16);

impl DispatchedSlot {
    /// A request whose way to the server takes as long as it takes.
    #[inline]
    pub(crate) fn of(grant: Grant) -> Self {
        let Grant { probe, episode } = grant;
        Self {
            probe,
            episode,
            after_stamp: None,
        }
    }

    /// Whether an ordinary response changes nothing but the account.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.probe.is_none() && self.after_stamp.is_none()
    }

    /// The stamp it has already.
    pub(super) fn stamp(&self) -> Option<u64> {
        self.after_stamp.map(|after| after.get() - 1)
    }

    pub(super) fn stamp_at(&mut self, at: u64) {
        self.after_stamp = Some(NonZeroU64::MIN.saturating_add(at));
    }
}

/// How a request ended, as the limiter sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The head of a response came.
    Responded,
    /// No response will come; the request may still be on its way.
    Lost,
    /// The server throttled it, and asked for that long a wait.
    Throttled(Option<Duration>),
}

/// What is worth telling about a settled request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    CooldownEnded,
    CooldownStarted {
        pause: Duration,
        strikes: u32,
    },
    /// The keeper of a shared budget is to be told.
    Noted,
}
