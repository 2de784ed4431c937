//! The gate that closes when the server throttles: which calls may pass, and when it opens again.
//! Pure.
//!
//! ```text
//!          429                       time                     any response
//! Open ───────────▶ Closed ─────────────────▶ HalfOpen ───────────────────▶ Open
//!                     ▲  429 of the same burst: until later     │
//!                     └──── 429 to the probe: for longer ───────┘
//! ```
//!
//! The 429s of one burst are one *episode*: those to requests that left before the gate closed.
//! They can only move its end forward, and so can those of stragglers, requests of episodes before.
//! When the gate opens, one request goes first, the *probe*. A probe that is lost hands its role
//! on; one without a response for as long as the gate was closed lets the next go.

mod saved;

use std::num::NonZeroU32;

pub(crate) use self::saved::Saved;

/// All times are nanoseconds since one fixed instant; in a record that processes share,
/// microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Cooldown {
    phase: Phase,
    /// Closed until then, by a throttled response.
    until: u64,
    /// How many times in a row the gate has closed again on a probe.
    strikes: u32,
    /// The next 429 is a strike: no probe has opened the gate since the last episode began.
    suspect: bool,
    episode: u32,
    latest: Probe,
    /// How long a probe without a response keeps the others waiting: as long as they waited for it.
    patience: u64,
    /// Closed until then, and by whom; nothing was throttled, so no call needs to probe.
    paused_until: u64,
    by_hand_until: u64,
    blind_until: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Open,
    Closed,
    /// `current` went out at `since`, or was lost; the response to any since `first` will do.
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
    /// A probe is out; the gate opens with its response, or lets the next probe pass then.
    WaitForProbe {
        until: u64,
    },
}

/// A throttled response, as the gate sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Throttled {
    /// Of the burst that closed the gate, or of requests from before.
    SameEpisode,
    /// The first of a burst, or to a probe.
    NewEpisode { strikes: u32 },
}

impl Cooldown {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Open,
            until: 0,
            strikes: 0,
            suspect: false,
            episode: 0,
            latest: Probe::MIN,
            patience: 0,
            paused_until: 0,
            by_hand_until: 0,
            blind_until: 0,
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
        self.phase == Phase::Open && self.paused_until == 0
    }

    /// Whether the next in line may pass at `now`.
    pub(crate) fn check(&mut self, now: u64) -> Gate {
        if let Some(until) = self.closed_until(now) {
            return Gate::Wait { until };
        }
        self.paused_until = 0;
        match self.phase {
            Phase::Open => Gate::Pass,
            Phase::HalfOpen {
                since: Some(since), ..
            } if now < since.saturating_add(self.patience) => Gate::WaitForProbe {
                until: since.saturating_add(self.patience),
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

    /// This probe will get no response: if it was the last one, the next in line takes its role.
    pub(crate) fn probe_lost(&mut self, probe: Probe) {
        if let Phase::HalfOpen { current, since, .. } = &mut self.phase
            && *current == probe
        {
            *since = None;
        }
    }

    /// This probe got a response that is not throttled; returns whether that opened the gate.
    pub(crate) fn probe_succeeded(&mut self, probe: Probe) -> bool {
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
            self.suspect = false;
        }
        opened
    }

    /// The server throttled a request of `episode`: closed for `pause(strikes)` from `now` on. A
    /// straggler knows nothing of the strikes since it left, and is none.
    pub(crate) fn throttled(
        &mut self,
        now: u64,
        episode: u32,
        pause: impl FnOnce(u32) -> u64,
    ) -> Throttled {
        let (throttled, strikes) = if episode == self.episode {
            self.strikes = if std::mem::replace(&mut self.suspect, true) {
                self.strikes.saturating_add(1)
            } else {
                0
            };
            self.episode = self.episode.wrapping_add(1);
            self.patience = 0;
            let strikes = self.strikes;
            (Throttled::NewEpisode { strikes }, strikes)
        } else if episode == self.episode.wrapping_sub(1) {
            (Throttled::SameEpisode, self.strikes)
        } else {
            (Throttled::SameEpisode, 0)
        };
        let pause = pause(strikes);
        self.until = self.until.max(now.saturating_add(pause));
        self.patience = self.patience.max(pause);
        self.phase = Phase::Closed;
        throttled
    }

    /// Closes the gate manually, at least until then.
    pub(crate) fn pause(&mut self, until: u64) {
        self.by_hand_until = self.by_hand_until.max(until);
        self.paused_until = self.by_hand_until.max(self.blind_until);
    }

    /// Closed until then and no longer, as we do not know what the server counts; instead of what
    /// was said so before.
    pub(crate) fn blind(&mut self, until: Option<u64>) {
        self.blind_until = until.unwrap_or(0);
        self.paused_until = self.by_hand_until.max(self.blind_until);
    }

    /// When the gate may open, if it is closed at `now`.
    pub(crate) fn closed_until(&self, now: u64) -> Option<u64> {
        let throttled = match self.phase {
            Phase::Closed => self.until,
            Phase::Open | Phase::HalfOpen { .. } => 0,
        };
        Some(self.paused_until.max(throttled)).filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests;
