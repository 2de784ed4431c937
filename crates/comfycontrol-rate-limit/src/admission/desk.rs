//! A budget that is shared with other processes, as the slots of this one see it: what the keeper
//! has got for them, and what it is to be told. Pure.

use std::sync::Arc;

use parking_lot::Mutex;

use super::settings::Settings;
use super::slot::Outcome;
use crate::RejectedReason;
use crate::account::Account;
use crate::cooldown::Probe;
use crate::ledger::{Demand, Moment, Note, View};

/// What is left to tell when the limiter has gone.
pub(crate) type Testament = Arc<Mutex<Option<Demand>>>;

#[derive(Debug)]
pub(crate) struct Desk {
    /// What is to be told, oldest first. The wall clock is added when it is.
    notes: Vec<Note>,
    /// How many requests in what window, and whether the keeper does not know it yet.
    pub(super) quota: (u32, u64),
    pub(super) is_quota_new: bool,
    /// The slot of the probe, if that is what is granted next.
    pub(super) probe: Option<Probe>,
    pub(super) episode: u32,
    /// How many requests have left and have no stamp.
    dispatched: u64,
    /// When what is granted was asked for, or was said to be held.
    asked: Option<Moment>,
    lease: u64,
    pub(super) view: View,
    /// Why nothing is granted any more.
    pub(super) closed: Option<RejectedReason>,
    /// Since when the store has not answered.
    pub(super) away_since: Option<u64>,
    /// As it was set, for when it is open again.
    max_queued: usize,
    testament: Testament,
}

impl Desk {
    pub(crate) fn new(quota: (u32, u64), lease: u64, testament: Testament) -> Self {
        Self {
            notes: Vec::new(),
            quota,
            is_quota_new: false,
            probe: None,
            episode: 0,
            dispatched: 0,
            asked: None,
            lease,
            view: View::default(),
            closed: None,
            away_since: None,
            max_queued: usize::MAX,
            testament,
        }
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// A request leaves. Returns when its stamp is at the latest, if that is known: then it is
    /// told.
    pub(super) fn dispatch(
        &mut self,
        now: u64,
        account: &mut Account,
        transit: Option<u64>,
    ) -> u64 {
        let Some(transit) = transit else {
            self.dispatched += 1;
            return 0;
        };
        account.spend();
        self.note(Note::Stamped {
            at: here(now),
            later: transit,
        });
        now + transit
    }

    /// A request has ended, of that `episode`, that had its stamp already or not.
    pub(super) fn settle(
        &mut self,
        now: u64,
        account: &mut Account,
        settings: &Settings,
        (episode, probe, is_stamped): (u32, Option<Probe>, bool),
        outcome: Outcome,
    ) {
        let at = here(now);
        if !is_stamped {
            self.dispatched -= 1;
            account.spend();
            let later = if outcome == Outcome::Lost {
                settings.linger
            } else {
                0
            };
            self.note(Note::Stamped { at, later });
        }
        match (outcome, probe) {
            (Outcome::Throttled(asked), _) => self.note(Note::Throttled { at, episode, asked }),
            (Outcome::Lost, Some(probe)) => self.note(Note::ProbeLost(probe)),
            (Outcome::Responded, Some(probe)) => self.note(Note::ProbeSucceeded(probe)),
            (_, None) => {}
        }
    }

    pub(super) fn pause(&mut self, now: u64, until: u64) {
        self.note(Note::Hold {
            at: here(now),
            pause: until.saturating_sub(now),
        });
    }

    /// Gives back what is granted and not used.
    pub(super) fn give_up_unused(&mut self, account: &mut Account) {
        account.take_unused();
        if let Some(probe) = self.probe.take() {
            self.note(Note::ProbeLost(probe));
        }
    }

    /// What the keeper is to know at `now`, while so many calls wait.
    pub(super) fn collect(&mut self, now: Moment, outstanding: u64, wanted: u64) -> Demand {
        let mut notes = std::mem::take(&mut self.notes);
        for note in &mut notes {
            if let Note::Stamped { at, .. } | Note::Throttled { at, .. } | Note::Hold { at, .. } =
                note
            {
                // It may have been earlier, if the machine slept meanwhile. Later is safe.
                let ago = now.monotonic.saturating_sub(at.monotonic);
                at.wall = now.wall.saturating_sub(ago);
            }
        }
        Demand {
            notes,
            outstanding,
            held: outstanding.saturating_sub(self.dispatched),
            wanted,
            is_leaving: false,
        }
    }

    /// What all processes look like now, and since when what is granted here is theirs.
    pub(super) fn show(&mut self, view: View, asked: Option<Moment>) {
        self.view = view;
        self.asked = asked;
        self.episode = view.episode;
    }

    /// Whether slots that are granted may be used: others wait no longer than a lease for a process
    /// that is not heard of.
    pub(super) fn is_in_time(&self, now: Moment) -> bool {
        let in_time = |asked: Moment| now.longest_since(asked) <= self.lease / 2;
        self.closed.is_none() && self.asked.is_some_and(in_time)
    }

    /// Rejects all calls from now on for that reason, or none any more.
    pub(super) fn close(&mut self, closed: Option<RejectedReason>, settings: &mut Settings) {
        match (self.closed, closed) {
            (None, Some(_)) => self.max_queued = std::mem::replace(&mut settings.max_queued, 0),
            (Some(_), None) => settings.max_queued = self.max_queued,
            (None, None) | (Some(_), Some(_)) => {}
        }
        self.closed = closed;
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        *self.testament.lock() = Some(Demand {
            notes: std::mem::take(&mut self.notes),
            is_leaving: true,
            ..Demand::default()
        });
    }
}

fn here(now: u64) -> Moment {
    Moment {
        monotonic: now,
        wall: 0,
    }
}
