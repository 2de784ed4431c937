//! The gate that closes when the server refuses: who may pass, and when it opens again. Pure.
//!
//! ```text
//!          429                       time                      any answer
//! Open ───────────▶ Closed ─────────────────▶ HalfOpen ───────────────────▶ Open
//!                     ▲  429 of the same burst: until later     │
//!                     └──── 429 to the probe: for longer ───────┘
//! ```
//!
//! The 429s of one burst are one *episode*: those to requests that left before the gate closed. They
//! can only move the deadline forward. When the gate opens, one request goes first, the *probe*. A
//! probe that is lost hands its role on; one that stays unanswered for a cooldown lets the next go.

use std::num::NonZeroU32;

/// All times are nanoseconds since one fixed instant.
#[derive(Debug)]
pub(crate) struct Cooldown {
    phase: Phase,
    /// Closed until then.
    until: u64,
    /// How many times in a row the gate has closed again on a probe.
    strikes: u32,
    episode: u32,
    latest: Probe,
    /// How long an unanswered probe keeps the others waiting.
    patience: u64,
    /// Closed by hand until then; nothing was refused, so nobody needs to probe.
    held_until: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Open,
    Closed,
    /// `current` went out at `since`, or was lost; the answer to any since `first` will do.
    HalfOpen {
        first: Probe,
        current: Probe,
        since: Option<u64>,
    },
}

/// The number of a probe: they are counted over all episodes.
pub(crate) type Probe = NonZeroU32;

/// What the gate says to the next in line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Gate {
    Pass,
    PassAsProbe,
    /// Closed, certainly until then.
    Wait {
        until: u64,
    },
    /// A probe is out; the gate opens with its answer, or lets the next probe pass then.
    WaitForProbe {
        until: u64,
    },
}

/// A refusal by the server, as the gate sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Of the burst that closed the gate, or of requests from before.
    SameEpisode,
    /// The first of a burst, or to a probe.
    NewEpisode { strikes: u32 },
}

impl Cooldown {
    pub(crate) fn new(patience: u64) -> Self {
        Self {
            phase: Phase::Open,
            until: 0,
            strikes: 0,
            episode: 0,
            latest: Probe::MIN,
            patience,
            held_until: 0,
        }
    }

    /// Which episode a request that leaves now belongs to.
    #[inline]
    pub(crate) fn episode(&self) -> u32 {
        self.episode
    }

    /// Whether everyone may pass, whatever the time.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open && self.held_until == 0
    }

    /// Whether the next in line may pass at `now`.
    pub(crate) fn check(&mut self, now: u64) -> Gate {
        if let Some(until) = self.closed_until(now) {
            return Gate::Wait { until };
        }
        self.held_until = 0;
        match self.phase {
            Phase::Open => Gate::Pass,
            Phase::HalfOpen {
                since: Some(since), ..
            } if now < since + self.patience => Gate::WaitForProbe {
                until: since + self.patience,
            },
            Phase::Closed | Phase::HalfOpen { .. } => Gate::PassAsProbe,
        }
    }

    /// A probe was granted its slot; returns its number.
    pub(crate) fn probe(&mut self, now: u64) -> Probe {
        let current = self.latest.checked_add(1).unwrap_or(Probe::MIN);
        self.latest = current;
        let first = match self.phase {
            Phase::HalfOpen { first, .. } => first,
            Phase::Open | Phase::Closed => current,
        };
        self.phase = Phase::HalfOpen {
            first,
            current,
            since: Some(now),
        };
        current
    }

    /// This probe will never be answered: if it was the last one, the next in line takes its role.
    pub(crate) fn probe_lost(&mut self, probe: Probe) {
        if let Phase::HalfOpen { current, since, .. } = &mut self.phase
            && *current == probe
        {
            *since = None;
        }
    }

    /// This probe was answered, and not with a refusal; returns whether that opened the gate.
    pub(crate) fn probe_answered(&mut self, probe: Probe) -> bool {
        let opened = match self.phase {
            Phase::HalfOpen { first, current, .. } => {
                let since_first = |probe: Probe| probe.get().wrapping_sub(first.get());
                since_first(probe) <= since_first(current)
            }
            Phase::Open | Phase::Closed => false,
        };
        if opened {
            self.phase = Phase::Open;
            self.strikes = 0;
        }
        opened
    }

    /// The server refused a request of `episode`: closed for `pause(strikes)` from `now` on.
    pub(crate) fn refused(
        &mut self,
        now: u64,
        episode: u32,
        pause: impl FnOnce(u32) -> u64,
    ) -> Refusal {
        let refusal = if episode == self.episode {
            self.strikes = match self.phase {
                Phase::Open => 0,
                Phase::Closed | Phase::HalfOpen { .. } => self.strikes.saturating_add(1),
            };
            self.episode = self.episode.wrapping_add(1);
            Refusal::NewEpisode {
                strikes: self.strikes,
            }
        } else {
            Refusal::SameEpisode
        };
        self.until = self.until.max(now.saturating_add(pause(self.strikes)));
        self.phase = Phase::Closed;
        refusal
    }

    /// Closes the gate by hand, at least until then.
    pub(crate) fn hold(&mut self, until: u64) {
        self.held_until = self.held_until.max(until);
    }

    /// When the gate may open, if it is closed at `now`.
    pub(crate) fn closed_until(&self, now: u64) -> Option<u64> {
        let refused = match self.phase {
            Phase::Closed => self.until,
            Phase::Open | Phase::HalfOpen { .. } => 0,
        };
        Some(self.held_until.max(refused)).filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests;
