//! The one atomic step: the record as one process would have it, after what has happened there.

use super::batch::{Demand, Note};
use super::book::Book;
use super::clock::{Clock, Moment};
use super::forecast;
use super::terms::{Terms, micros};
use crate::account::Account;
use crate::admission::Event;
use crate::cooldown::{Cooldown, Gate, Probe, Throttled};

/// Which process takes it, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker<'a> {
    pub(super) id: u128,
    pub(super) terms: &'a Terms,
    pub(super) clock: &'a Clock,
    pub(super) now: Moment,
    /// Which processes are certainly dead, as was known then.
    pub(super) gone: &'a [Gone],
    /// How long others are to wait for it when it is its turn.
    pub(super) patience: u32,
}

/// A process that is dead, as the store says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone {
    pub(super) id: u128,
    /// Of what it had written last when that was asked.
    pub(super) sequence: u64,
    pub(super) at: Moment,
}

/// What one step makes of the record.
#[derive(Debug)]
pub(super) struct Revision {
    /// The record after it.
    pub(super) book: Book,
    /// Whether it says anything new that cannot wait, as stamps can.
    pub(super) is_needed: bool,
    pub(super) granted: u64,
    /// The only slot that is granted is that of a probe.
    pub(super) probe: Option<Probe>,
    /// When to look again if less was granted than is wanted.
    pub(super) look_at: Option<u64>,
    pub(super) events: Vec<Event>,
}

impl Taker<'_> {
    /// What becomes of `book` after `notes` and with that `demand`.
    pub(super) fn revise(&self, book: &Book, notes: &[Note], demand: &Demand) -> Revision {
        let mut book = book.clone();
        let mut gate = Cooldown::restore(&book.gate);
        let lower = self.clock.lower(self.now);
        let quota = self.terms.quota;
        let stamps = std::mem::take(&mut book.stamps);
        let mut account = Account::kept(quota.algorithm, quota.limit, quota.window, stamps);
        self.bury(&mut book, &mut account, &mut gate, lower);

        let was = book.owners.get(self.id).map(|owner| owner.unstamped);
        let waited = book.owners.place(self.id).is_some();
        let is_stamp = |note: &&Note| matches!(note, Note::Stamped { .. });
        let stamped = notes.iter().filter(is_stamp).count();
        let events = self.write(&mut book, &mut account, &mut gate, notes);
        let has_room = self.register(&mut book, demand);
        account.set_unstamped(book.owners.unstamped());

        let mut revision = Revision {
            is_needed: stamped < notes.len()
                || was.unwrap_or(0) != demand.outstanding + stamped as u64
                || waited != (demand.wanted > 0)
                || (demand.is_leaving && (was.is_some() || !notes.is_empty())),
            granted: 0,
            probe: None,
            look_at: None,
            events,
            book,
        };
        if demand.wanted > 0 && has_room {
            self.grant(&mut revision, &mut account, &mut gate, lower, demand.wanted);
        } else if demand.wanted > 0 {
            revision.is_needed = stamped < notes.len();
            revision.look_at = Some(lower + self.terms.lease);
        }
        revision.book.gate = gate.save();
        revision.book.stamps = account.stamps(lower);
        revision.book.clock = revision.book.clock.max(lower);
        revision
    }

    /// Buries the dead: what they had on its way arrived `linger` later at the latest.
    fn bury(&self, book: &mut Book, account: &mut Account, gate: &mut Cooldown, lower: u64) {
        let mut dead = Vec::new();
        for owner in book.owners.all() {
            let gone = self.gone.iter().find(|gone| gone.id == owner.id);
            let gone = gone.map(|gone| self.clock.upper(gone.at));
            let died = gone.unwrap_or(u64::MAX).min(owner.lease_end);
            if owner.id != self.id && (gone.is_some() || owner.lease_end <= lower) {
                dead.push((*owner, died));
            }
        }
        for (owner, died) in dead {
            book.owners.remove(owner.id);
            account.add_stamps(
                died + self.linger_of_the_dead() + self.terms.lag,
                owner.unstamped,
            );
            if owner.id == book.prober
                && let Some((_, current, _)) = gate.save().half_open
            {
                gate.probe_lost(current);
            }
        }
    }

    fn write(
        &self,
        book: &mut Book,
        account: &mut Account,
        gate: &mut Cooldown,
        notes: &[Note],
    ) -> Vec<Event> {
        let mut events = Vec::new();
        let settings = self.terms.settings;
        for note in notes {
            match *note {
                Note::Stamped { at, later } => {
                    account.add_stamps(self.stamp(at) + micros(later) + self.terms.lag, 1);
                }
                Note::Throttled { at, episode, asked } => {
                    let at = self.stamp(at);
                    let pause = |strikes| micros(settings.pause(asked, strikes));
                    let throttled = gate.throttled(at, episode, pause);
                    account.fill(at + self.terms.lag);
                    if let Throttled::NewEpisode { strikes } = throttled {
                        let pause = std::time::Duration::from_micros(pause(strikes));
                        events.push(Event::CooldownStarted { pause, strikes });
                    }
                }
                Note::ProbeSucceeded(probe) => {
                    if gate.probe_succeeded(probe) {
                        events.push(Event::CooldownEnded);
                    }
                }
                Note::ProbeLost(probe) => gate.probe_lost(probe),
                Note::Hold { at, pause } => {
                    let until = self.clock.upper(at).saturating_add(micros(pause));
                    book.hold_until = book.hold_until.max(until);
                }
            }
        }
        events
    }

    /// Says who we are and what we have; `false` if there is no room for one more.
    fn register(&self, book: &mut Book, demand: &Demand) -> bool {
        if demand.is_leaving {
            book.owners.remove(self.id);
            return false;
        }
        let lease_end = self.clock.upper(self.now) + self.terms.lease;
        let Some(owner) = book.owners.entry(self.id) else {
            return false;
        };
        owner.unstamped = demand.outstanding;
        owner.is_late = false;
        owner.patience = self.patience;
        owner.lease_end = owner.lease_end.max(lease_end);
        if demand.wanted > 0 {
            book.owners.join_queue(self.id);
        } else {
            book.owners.leave_queue(self.id);
        }
        true
    }

    fn grant(
        &self,
        revision: &mut Revision,
        account: &mut Account,
        gate: &mut Cooldown,
        lower: u64,
        wanted: u64,
    ) {
        let book = &mut revision.book;
        let line = book.owners.ahead(self.id);
        let ahead = line.len();
        let waiting = book.owners.waiting().max(1);
        let terms = self.terms;
        if lower < book.hold_until {
            revision.look_at = Some(forecast::turn(account, terms, book.hold_until, ahead));
            return;
        }
        let opened = gate.save().until.max(book.hold_until);
        let (most, as_probe) = match gate.check(lower) {
            Gate::Pass => (wanted, false),
            Gate::PassAsProbe if ahead > 0 && lower < opened + terms.grace() * ahead as u64 => {
                revision.look_at = Some(opened + terms.grace() * ahead as u64);
                return;
            }
            Gate::PassAsProbe => (1, true),
            Gate::Wait { until } => {
                let at = forecast::turn(account, terms, until, ahead);
                revision.look_at = Some(at.min(until + terms.grace() * ahead as u64));
                return;
            }
            Gate::WaitForProbe { until } => {
                let soon = lower + terms.grace() * (1 + ahead as u64);
                revision.look_at = Some(soon.max(lower + MIN_POLL).min(until));
                return;
            }
        };
        let share = forecast::share(account, terms, lower, book.hold_until, &line, waiting);
        let granted = share.granted.min(most);
        if granted > 0 {
            book.owners.overtake(self.id, share.late);
            let unstamped = account.unstamped() + granted;
            account.set_unstamped(unstamped);
            book.owners.leave_queue(self.id);
            if let Some(owner) = book.owners.entry(self.id) {
                owner.unstamped += granted;
            }
            if as_probe {
                revision.probe = Some(gate.probe(lower));
                book.prober = self.id;
            }
            if granted < wanted {
                book.owners.join_queue(self.id);
            }
            revision.granted = granted;
            revision.is_needed = true;
        } else {
            let mut at = forecast::turn(account, terms, lower, ahead);
            if book.owners.any_late() {
                // A late process may be dead, and others with it: it is seen early which are.
                let open = book.hold_until;
                at = at.min(forecast::overdue(account, terms, lower, open, &line));
            }
            let at = at.max(lower + 1);
            // What others hold may come back unused, and they may leave the queue.
            let is_certain = ahead == 0 && account.unstamped() == 0;
            #[cfg(test)]
            let is_certain = is_certain || terms.is(super::terms::Broken::UnstampedKeptInForecast);
            let soon = lower + terms.quota.window / 2;
            revision.look_at = Some(if is_certain { at } else { at.min(soon) });
        }
    }

    fn stamp(&self, at: Moment) -> u64 {
        #[cfg(test)]
        if self.terms.is(super::terms::Broken::StampsFromLower) {
            return self.clock.lower(at);
        }
        self.clock.upper(at)
    }

    fn linger_of_the_dead(&self) -> u64 {
        #[cfg(test)]
        if self.terms.is(super::terms::Broken::NoLingerOfTheDead) {
            return 0;
        }
        self.linger()
    }

    fn linger(&self) -> u64 {
        #[cfg(test)]
        if self.terms.is(super::terms::Broken::NoLinger) {
            return 0;
        }
        self.terms.linger
    }
}

/// How often the store is asked at most while a probe is out.
const MIN_POLL: u64 = 20_000;
