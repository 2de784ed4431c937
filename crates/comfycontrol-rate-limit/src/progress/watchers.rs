use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::track::Track;
use crate::admission::{Outlook, Prospect};

/// The calls of one limiter that wait and are followed. Where there are none, there is no cost.
#[derive(Default)]
pub(crate) struct Watchers {
    any: AtomicBool,
    told: Mutex<Told>,
    outlook: Mutex<Option<Shown>>,
}

#[derive(Default)]
struct Told {
    tracks: Vec<Weak<Track>>,
    /// Of what they know.
    prospect: Prospect,
}

/// One outlook serves all followers of calls.
struct Shown {
    prospect: Prospect,
    since: u64,
    outlook: Outlook,
}

impl Watchers {
    /// One more follower, which knows of that `prospect`.
    pub(super) fn add(&self, track: Weak<Track>, prospect: Prospect) {
        let mut told = self.told.lock();
        if told.tracks.is_empty() {
            told.prospect = prospect;
        }
        told.tracks.push(track);
        self.any.store(true, Ordering::SeqCst);
    }

    /// What waiting calls may expect may have changed.
    #[inline]
    pub(crate) fn notify(&self, prospect: impl FnOnce() -> Prospect) {
        if self.any.load(Ordering::SeqCst) {
            self.notify_all(prospect());
        }
    }

    #[cold]
    fn notify_all(&self, prospect: Prospect) {
        let mut waiting = Vec::new();
        {
            let mut told = self.told.lock();
            if std::mem::replace(&mut told.prospect, prospect) == prospect {
                return;
            }
            told.tracks.retain(|track| {
                let track = track.upgrade().filter(|track| track.is_waiting());
                let is_waiting = track.is_some();
                waiting.extend(track);
                is_waiting
            });
            self.any.store(!told.tracks.is_empty(), Ordering::SeqCst);
        }
        waiting.iter().for_each(|track| track.wake());
    }

    /// When the call is served that waits behind so many others; `outlook` is asked for where the
    /// last one is not true any more.
    pub(crate) fn earliest(
        &self,
        now: u64,
        ahead: usize,
        prospect: Prospect,
        outlook: impl FnOnce() -> Outlook,
    ) -> u64 {
        let mut shown = self.outlook.lock();
        let fresh = shown.take().filter(|shown| {
            shown.prospect == prospect && now.saturating_sub(shown.since) < MAX_AGE
        });
        let shown = shown.insert(fresh.unwrap_or_else(|| Shown {
            prospect,
            since: now,
            outlook: outlook(),
        }));
        shown.outlook.earliest(ahead).max(now)
    }
}

/// Requests that are on their way are expected later with every moment in which they do not come.
const MAX_AGE: u64 = 100_000_000;
