//! What a process keeps to, in microseconds.

use super::book::Kept;
use crate::Algorithm;
use crate::admission::Settings;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) quota: Kept,
    pub(crate) linger: u64,
    pub(crate) lag: u64,
    /// How long an owner is believed to be alive after it was heard of last.
    pub(crate) lease: u64,
    pub(crate) settings: Settings,
    #[cfg(test)]
    pub(crate) broken: Option<Broken>,
}

/// What the simulation must notice.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Broken {
    NoLinger,
    NoLingerOfTheDead,
    FromNothing,
    UncorrectedStep,
    StampsFromLower,
    NoRenewalWhileQueued,
    UnstampedKeptInForecast,
}

impl Terms {
    /// `window` in nanoseconds, stretched for clocks that drift.
    pub(crate) fn new(
        algorithm: Algorithm,
        limit: u32,
        window: u64,
        lease: u64,
        settings: Settings,
    ) -> Self {
        Self {
            quota: Kept {
                limit,
                window: micros(window),
                algorithm,
            },
            linger: micros(settings.linger),
            lag: micros(settings.count_lag),
            lease: micros(lease),
            settings,
            #[cfg(test)]
            broken: None,
        }
    }

    /// How long nothing is granted after the record was lost: until no server counts anything that
    /// was in it, and all living processes have said what they have on its way.
    pub(crate) fn hold(&self) -> u64 {
        (2 * self.quota.window + self.linger + self.lag).max(self.lease)
    }

    /// How long a record is kept: until it says nothing any more.
    pub(crate) fn keep(&self) -> u64 {
        self.hold() + self.lease
    }

    /// How much later than the one before a process goes that finds others late.
    pub(crate) fn grace(&self) -> u64 {
        let each = self.quota.window / (2 * u64::from(self.quota.limit));
        each.min(MAX_GRACE)
    }

    #[cfg(test)]
    pub(super) fn is(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }
}

/// Nanoseconds as microseconds, rounded up.
pub(crate) fn micros(nanos: u64) -> u64 {
    nanos.div_ceil(1_000)
}

const MAX_GRACE: u64 = 150_000;
