//! The naive model: what the limiter promises, written down without any thought of speed.

mod books;
mod gate;

use std::collections::{BTreeMap, BTreeSet};

use self::books::Books;
pub(super) use self::books::Id;
use self::gate::Gate;
use super::operations::UNIT;
use crate::Algorithm;
use crate::admission::{Event, Outcome, Settings};
use crate::queue::MAX_UNCLAIMED;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    pub(super) books: Books,
    pub(super) gate: Gate,
    pub(super) settings: Settings,
    /// In arrival order, with the last moment at which a grant is welcome.
    pub(super) waiting: Vec<(Id, u64)>,
    pub(super) granted: Vec<(Id, u64)>,
    /// Taken up and not used yet, if such slots come back.
    pub(super) held: Vec<(Id, u64)>,
    pub(super) lapsed: BTreeSet<Id>,
    /// Of those, the calls that are woken at their deadline.
    pub(super) watching: BTreeMap<Id, u64>,
    pub(super) rejected: BTreeSet<Id>,
    pub(super) counters: [u64; 5],
}

pub(super) const GRANTED: usize = 0;
pub(super) const REJECTED: usize = 1;
pub(super) const THROTTLED: usize = 2;
pub(super) const LOST: usize = 3;
pub(super) const COOLDOWNS: usize = 4;

impl Model {
    pub(super) fn new(algorithm: Algorithm, n: u32, w: u64, settings: Settings) -> Self {
        Self {
            books: Books::new(algorithm, n, w),
            gate: Gate::new(settings),
            settings,
            waiting: Vec::new(),
            granted: Vec::new(),
            held: Vec::new(),
            lapsed: BTreeSet::new(),
            watching: BTreeMap::new(),
            rejected: BTreeSet::new(),
            counters: [0; 5],
        }
    }

    /// Whether the next in line may go, and if so, whether as the probe.
    pub(super) fn may_pass(&self, now: u64) -> Option<bool> {
        self.gate.allows(now).filter(|_| self.books.allow(1, now))
    }

    pub(super) fn waits(&self, id: Id) -> bool {
        self.waiting.iter().any(|(other, _)| *other == id)
    }

    pub(super) fn is_granted(&self, id: Id) -> bool {
        self.granted.iter().any(|(other, _)| *other == id)
    }

    pub(super) fn grant(&mut self, id: Id, now: u64, probe: bool) {
        self.books.unstamped.insert(id);
        self.counters[GRANTED] += 1;
        if probe {
            self.gate.probe(id, now);
        }
    }

    pub(super) fn give_back(&mut self, id: Id) {
        self.books.unstamped.remove(&id);
        self.counters[GRANTED] -= 1;
        self.gate.lose_probe(id);
    }

    fn lapse(&mut self, id: Id) {
        self.granted.retain(|(other, _)| *other != id);
        self.lapsed.insert(id);
        self.give_back(id);
    }

    /// Whether a newcomer is served at once, and if so, whether as the probe.
    pub(super) fn may_join_at_once(&mut self, now: u64) -> Option<bool> {
        if !self.waiting.is_empty() {
            return None;
        }
        self.may_pass(now).or_else(|| {
            self.lapse_held(now);
            self.may_pass(now)
        })
    }

    /// Slots that were held too long come back.
    pub(super) fn lapse_held(&mut self, now: u64) {
        let max_hold = self.settings.max_hold.unwrap_or(u64::MAX);
        let late = |(_, since): &mut (Id, u64)| since.saturating_add(max_hold) <= now;
        let late: Vec<_> = self.held.extract_if(.., late).collect();
        late.into_iter().for_each(|(id, _)| self.give_back(id));
    }

    /// Whether the request leaves with its slot; if it has come back, it is counted nevertheless.
    pub(super) fn dispatch_held(&mut self, id: Id) -> bool {
        let is_held = self.held.iter().any(|(other, _)| *other == id);
        self.held.retain(|(other, _)| *other != id);
        if !is_held {
            self.grant(id, 0, false);
        }
        is_held
    }

    pub(super) fn drop_held(&mut self, id: Id) {
        if self.held.iter().any(|(other, _)| *other == id) {
            self.held.retain(|(other, _)| *other != id);
            self.give_back(id);
        }
    }

    /// The latest slot that no call came for goes to an earlier call.
    pub(super) fn lapse_later_than(&mut self, earlier: Id) {
        if let Some((id, _)) = self.granted.last().copied()
            && id > earlier
        {
            self.lapse(id);
        }
    }

    /// All that is due at `now`.
    pub(super) fn run(&mut self, now: u64) {
        self.reject_those_who(|deadline| deadline < now);
        while let Some((id, _)) = self.waiting.first().copied() {
            let mut granted = self.granted.iter();
            let unclaimed = granted.find(|(_, since)| since + MAX_UNCLAIMED <= now);
            if let Some((id, _)) = unclaimed.copied() {
                self.lapse(id);
                continue;
            }
            self.lapse_held(now);
            if let Some(probe) = self.may_pass(now) {
                self.waiting.remove(0);
                self.grant(id, now, probe);
                self.granted.push((id, now));
            } else {
                break;
            }
        }
        self.reject_those_who(|deadline| deadline <= now);
    }

    fn reject_those_who(&mut self, gave_up: impl Fn(u64) -> bool) {
        let late: Vec<_> = self
            .waiting
            .extract_if(.., |(_, deadline)| gave_up(*deadline))
            .collect();
        let watching = self.watching.clone().into_iter();
        let late = late
            .into_iter()
            .chain(watching.filter(|(_, deadline)| gave_up(*deadline)));
        let late: Vec<_> = late.collect();
        self.counters[REJECTED] += late.len() as u64;
        for (id, _) in late {
            self.lapsed.remove(&id);
            self.watching.remove(&id);
            self.rejected.insert(id);
        }
    }

    /// The call is polled, and cannot use a slot.
    pub(super) fn keep_place(&mut self, id: Id, deadline: u64) {
        if self.lapsed.contains(&id) {
            self.watching.insert(id, deadline);
        }
    }

    /// The call has gone, wherever it was.
    pub(super) fn leave(&mut self, id: Id) {
        self.waiting.retain(|(other, _)| *other != id);
        if self.is_granted(id) {
            self.granted.retain(|(other, _)| *other != id);
            self.give_back(id);
        }
        self.lapsed.remove(&id);
        self.watching.remove(&id);
        self.rejected.remove(&id);
    }

    pub(super) fn dispatch(&mut self, id: Id, now: u64) {
        if let Some(transit) = self.settings.max_transit {
            let at = now + transit + self.settings.count_lag;
            self.books.dispatch(id, at);
        }
    }

    /// The end of a request; returns the last moment at which the server may have counted it, going
    /// by its end.
    pub(super) fn settle(
        &mut self,
        id: Id,
        now: u64,
        outcome: Outcome,
        episode: u32,
    ) -> (u64, Option<Event>) {
        let mut at = now + self.settings.count_lag;
        if outcome == Outcome::Lost {
            at += self.settings.linger;
        }
        let at = self.books.settle(id, at);
        let event = match outcome {
            Outcome::Responded => self.gate.responded(id),
            Outcome::Lost => {
                self.counters[LOST] += 1;
                self.gate.lose_probe(id);
                None
            }
            Outcome::Throttled(asked) => {
                self.counters[THROTTLED] += 1;
                let event = self.gate.throttled(now, asked, episode);
                self.counters[COOLDOWNS] += u64::from(event.is_some());
                self.books.fill(now + self.settings.count_lag);
                for (id, _) in self.granted.clone() {
                    self.lapse(id);
                }
                event
            }
        };
        (at, event)
    }

    pub(super) fn set_quota(&mut self, n: u32, w: u64) {
        self.gate.blind_until = self.books.set_quota(n, w).unwrap_or(0);
    }

    /// When a newcomer is granted its slot if all goes as well as it can: the response to what
    /// is on its way comes now, each call that gets a slot uses it and has its response at once,
    /// and none gives up.
    pub(super) fn best_case(&self, now: u64) -> u64 {
        let mut best = self.books.clone();
        let lag = self.settings.count_lag;
        for (id, since) in &self.granted {
            if since + MAX_UNCLAIMED <= now {
                best.unstamped.remove(id); // too late, it goes to the next
            }
        }
        let responses = std::mem::take(&mut best.unstamped).len();
        best.stamps
            .iter_mut()
            .filter(|(_, owner)| owner.is_some())
            .for_each(|(at, _)| *at = (*at).min(now + lag));
        best.stamps
            .extend((0..responses).map(|_| (now + lag, None)));
        let mut at = now.max(self.gate.closed_until());
        for _ in 0..=self.waiting.len() {
            let (mut no, mut yes) = (at, at + 100 * UNIT * 100);
            assert!(best.allow(1, yes));
            if best.allow(1, no) {
                yes = no;
            }
            while yes - no > 1 {
                let middle = no.midpoint(yes);
                if best.allow(1, middle) {
                    yes = middle
                } else {
                    no = middle
                }
            }
            at = yes;
            best.stamps.push((at + lag, None));
        }
        at
    }
}
