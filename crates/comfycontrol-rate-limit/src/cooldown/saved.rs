//! The gate as it is kept elsewhere.

use super::{Cooldown, Phase, Probe};

/// All that a gate is, except pauses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Saved {
    pub(crate) is_closed: bool,
    /// The first and the latest probe of a gate that is half open, and since when that one is out.
    pub(crate) half_open: Option<(Probe, Probe, Option<u64>)>,
    pub(crate) until: u64,
    pub(crate) strikes: u32,
    pub(crate) is_suspect: bool,
    pub(crate) episode: u32,
    /// 0 stands for 1.
    pub(crate) latest: u32,
    pub(crate) patience: u64,
}

impl Cooldown {
    pub(crate) fn save(&self) -> Saved {
        Saved {
            is_closed: self.phase == Phase::Closed,
            half_open: match self.phase {
                Phase::HalfOpen {
                    first,
                    current,
                    since,
                } => Some((first, current, since)),
                Phase::Open | Phase::Closed => None,
            },
            until: self.until,
            strikes: self.strikes,
            is_suspect: self.suspect,
            episode: self.episode,
            latest: self.latest.get(),
            patience: self.patience,
        }
    }

    /// The episode is that of a gate elsewhere.
    pub(crate) fn follow(&mut self, episode: u32) {
        self.episode = episode;
    }

    pub(crate) fn restore(saved: &Saved) -> Self {
        let phase = match saved.half_open {
            Some((first, current, since)) => Phase::HalfOpen {
                first,
                current,
                since,
            },
            None if saved.is_closed => Phase::Closed,
            None => Phase::Open,
        };
        Self {
            phase,
            until: saved.until,
            strikes: saved.strikes,
            suspect: saved.is_suspect,
            episode: saved.episode,
            latest: Probe::new(saved.latest).unwrap_or(Probe::MIN),
            patience: saved.patience,
            ..Self::new()
        }
    }
}
