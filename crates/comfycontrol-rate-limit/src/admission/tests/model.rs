//! The naive model: what the limiter promises, written down without any thought of speed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Id, UNIT};
use crate::Window;
use crate::admission::grants::CLAIM;
use crate::admission::{Event, Outcome};

/// What the limiter promises, written down without any thought of speed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Model {
    pub(super) rule: Window,
    pub(super) n: u64,
    pub(super) w: u64,
    /// The largest `n` there ever was.
    pub(super) peak: u64,
    pub(super) settings: Knobs,
    pub(super) unstamped: BTreeSet<Id>,
    pub(super) stamps: Vec<(u64, Option<Id>)>,
    /// The newest stamp that the rule did not look at any more.
    pub(super) forgotten: Option<u64>,
    /// In arrival order, with the last moment at which a grant is welcome.
    pub(super) waiting: Vec<(Id, u64)>,
    pub(super) granted: Vec<(Id, u64)>,
    pub(super) lapsed: BTreeSet<Id>,
    pub(super) refused: BTreeSet<Id>,
    pub(super) closed_until: u64,
    pub(super) held_until: u64,
    pub(super) gate: Door,
    /// Who went as the probe since the gate was closed.
    pub(super) probes: BTreeSet<Id>,
    pub(super) strikes: u32,
    pub(super) episode: u32,
    pub(super) counters: [u64; 5],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Knobs {
    pub(super) cooldown: u64,
    pub(super) margin: u64,
    pub(super) max_cooldown: u64,
    pub(super) lag: u64,
    pub(super) linger: u64,
    pub(super) transit: Option<u64>,
    pub(super) max_queued: usize,
    pub(super) max_wait: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Door {
    Open,
    Closed,
    HalfOpen(Option<(Id, u64)>),
}

pub(super) const GRANTED: usize = 0;
pub(super) const NOT_ADMITTED: usize = 1;
pub(super) const REFUSED: usize = 2;
pub(super) const LOST: usize = 3;
pub(super) const COOLDOWNS: usize = 4;

impl Model {
    pub(super) fn new(rule: Window, n: u32, w: u64, settings: Knobs) -> Self {
        Self {
            rule,
            n: n.into(),
            w,
            peak: n.into(),
            settings,
            unstamped: BTreeSet::new(),
            stamps: Vec::new(),
            forgotten: None,
            waiting: Vec::new(),
            granted: Vec::new(),
            lapsed: BTreeSet::new(),
            refused: BTreeSet::new(),
            closed_until: 0,
            held_until: 0,
            gate: Door::Open,
            probes: BTreeSet::new(),
            strikes: 0,
            episode: 0,
            counters: [0; 5],
        }
    }

    /// The rule as it is written. Between the points where `a` jumps the left side falls in `e`.
    pub(super) fn rule_allows(&self, more: u64, now: u64) -> bool {
        let (n, w) = (self.n, self.w);
        let stamps = || self.stamps.iter().map(|(at, _)| *at);
        let a = |x: u64| {
            more + self.unstamped.len() as u64 + stamps().filter(|s| s + x >= now).count() as u64
        };
        let ages = || stamps().map(|s| now.saturating_sub(s));
        let mut jumps = ages()
            .chain(ages().map(|age| age.saturating_sub(w)))
            .chain([0, w])
            .filter(|e| *e <= w);
        match self.rule {
            Window::Sliding => a(w) <= n,
            Window::AnyPhase => jumps.all(|e| e * a(e) + (w - e) * a(e + w) <= n * w),
        }
    }

    /// Whether the gate lets the next in line pass, and if so, whether as the probe.
    pub(super) fn gate_allows(&self, now: u64) -> Option<bool> {
        if now < self.held_until {
            return None;
        }
        match self.gate {
            Door::Open => Some(false),
            Door::Closed => (now >= self.closed_until).then_some(true),
            Door::HalfOpen(Some((_, since))) => {
                (now >= since + self.settings.cooldown).then_some(true)
            }
            Door::HalfOpen(None) => Some(true),
        }
    }

    pub(super) fn may_pass(&self, now: u64) -> Option<bool> {
        self.gate_allows(now).filter(|_| self.rule_allows(1, now))
    }

    pub(super) fn grant(&mut self, id: Id, now: u64, probe: bool) {
        self.unstamped.insert(id);
        self.counters[GRANTED] += 1;
        if probe {
            self.gate = Door::HalfOpen(Some((id, now)));
            self.probes.insert(id);
        }
    }

    pub(super) fn give_back(&mut self, id: Id) {
        self.unstamped.remove(&id);
        self.counters[GRANTED] -= 1;
        self.lose_probe(id);
    }

    pub(super) fn lose_probe(&mut self, id: Id) {
        if matches!(self.gate, Door::HalfOpen(Some((probe, _))) if probe == id) {
            self.gate = Door::HalfOpen(None);
        }
        self.probes.remove(&id);
    }

    pub(super) fn lapse(&mut self, id: Id) {
        self.granted.retain(|(other, _)| *other != id);
        self.lapsed.insert(id);
        self.give_back(id);
    }

    /// All that is due at `now`.
    pub(super) fn run(&mut self, now: u64) {
        self.refuse_those_who(|deadline| deadline < now);
        while let Some((id, _)) = self.waiting.first().copied() {
            let unclaimed = self.granted.iter().find(|(_, since)| since + CLAIM <= now);
            if let Some((id, _)) = unclaimed.copied() {
                self.lapse(id);
            } else if let Some(probe) = self.may_pass(now) {
                self.waiting.remove(0);
                self.grant(id, now, probe);
                self.granted.push((id, now));
            } else {
                break;
            }
        }
        self.refuse_those_who(|deadline| deadline <= now);
    }

    pub(super) fn refuse_those_who(&mut self, gave_up: impl Fn(u64) -> bool) {
        let late: Vec<_> = self
            .waiting
            .extract_if(.., |(_, deadline)| gave_up(*deadline))
            .collect();
        self.counters[NOT_ADMITTED] += late.len() as u64;
        self.refused.extend(late.into_iter().map(|(id, _)| id));
    }

    pub(super) fn forget(&mut self, now: u64) {
        let horizon = match self.rule {
            Window::AnyPhase => 2 * self.w,
            Window::Sliding => self.w,
        };
        let old = self.stamps.extract_if(.., |(at, _)| *at + horizon < now);
        self.forgotten = old.map(|(at, _)| at).max().max(self.forgotten);
    }

    pub(super) fn dispatch(&mut self, id: Id, now: u64) {
        if let Some(transit) = self.settings.transit {
            self.unstamped.remove(&id);
            self.stamps
                .push((now + transit + self.settings.lag, Some(id)));
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
        let mut at = now + self.settings.lag;
        if outcome == Outcome::Lost {
            at += self.settings.linger;
        }
        if self.unstamped.remove(&id) {
            self.stamps.push((at, None));
        } else if let Some(own) = self.stamps.iter_mut().find(|(_, owner)| *owner == Some(id)) {
            at = at.min(own.0);
            *own = (at, None);
        }
        let event = match outcome {
            Outcome::Answered => {
                let opened = self.probes.contains(&id) && matches!(self.gate, Door::HalfOpen(_));
                if opened {
                    self.gate = Door::Open;
                    self.strikes = 0;
                }
                opened.then_some(Event::CooldownEnded)
            }
            Outcome::Lost => {
                self.counters[LOST] += 1;
                self.lose_probe(id);
                None
            }
            Outcome::Refused(asked) => self.server_refused(now, asked, episode),
        };
        (at, event)
    }

    pub(super) fn server_refused(
        &mut self,
        now: u64,
        asked: Option<Duration>,
        episode: u32,
    ) -> Option<Event> {
        let knobs = self.settings;
        self.counters[REFUSED] += 1;
        let new = episode == self.episode;
        if new {
            self.strikes = if self.gate == Door::Open {
                0
            } else {
                self.strikes + 1
            };
            self.episode += 1;
            self.counters[COOLDOWNS] += 1;
        }
        let asked = asked
            .map_or(0, |asked| asked.as_nanos() as u64)
            .min(knobs.max_cooldown);
        let base = knobs.cooldown.max(asked);
        let doubled = base << self.strikes.min(16);
        let pause = doubled.min(knobs.max_cooldown.max(base)) + knobs.margin;
        self.closed_until = self.closed_until.max(now + pause);
        self.gate = Door::Closed;
        self.probes.clear();
        // Assume that the server has just counted a whole quota, or what it may have counted under a
        // larger one.
        let (at, w) = (now + knobs.lag, self.w);
        let counted = self.stamps.extract_if(.., |(stamp, _)| *stamp <= at);
        let (recent, old): (Vec<_>, Vec<_>) = counted.partition(|(stamp, _)| stamp + w >= at);
        self.forgotten = old.iter().map(|(at, _)| *at).max().max(self.forgotten);
        let filled = (recent.len() as u64).clamp(self.n, self.peak);
        self.stamps.extend((0..filled).map(|_| (at, None)));
        for (id, _) in self.granted.clone() {
            self.lapse(id);
        }
        let (pause, strikes) = (Duration::from_nanos(pause), self.strikes);
        new.then_some(Event::CooldownStarted { pause, strikes })
    }

    pub(super) fn retune(&mut self, n: u32, w: u64) {
        if w > self.w
            && let Some(forgotten) = self.forgotten
        {
            self.held_until = self.held_until.max(forgotten + 2 * w + 1);
        }
        (self.n, self.w) = (n.into(), w);
        self.peak = self.peak.max(self.n);
    }

    /// When a newcomer is granted its slot if all goes as well as it can: whatever is on its way is
    /// answered now, whoever gets a slot uses it and is answered at once, and nobody gives up.
    pub(super) fn best_case(&self, now: u64) -> u64 {
        let mut best = self.clone();
        let lag = self.settings.lag;
        for (id, since) in &self.granted {
            if since + CLAIM <= now {
                best.unstamped.remove(id); // too late, it goes to the next
            }
        }
        let answered = std::mem::take(&mut best.unstamped).len();
        best.stamps
            .iter_mut()
            .filter(|(_, owner)| owner.is_some())
            .for_each(|(at, _)| *at = (*at).min(now + lag));
        best.stamps.extend((0..answered).map(|_| (now + lag, None)));
        let closed = if self.gate == Door::Closed {
            self.closed_until
        } else {
            0
        };
        let mut at = now.max(closed).max(self.held_until);
        for _ in 0..=self.waiting.len() {
            let (mut no, mut yes) = (at, at + 100 * UNIT * 100);
            assert!(best.rule_allows(1, yes));
            if best.rule_allows(1, no) {
                yes = no;
            }
            while yes - no > 1 {
                let middle = no.midpoint(yes);
                if best.rule_allows(1, middle) {
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
