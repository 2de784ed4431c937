//! The gate: which calls may pass after a 429.

use std::collections::BTreeSet;
use std::time::Duration;

use super::books::Id;
use crate::admission::{Event, Settings};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gate {
    settings: Settings,
    phase: Phase,
    closed_until: u64,
    paused_until: u64,
    /// Closed until then for what was forgotten.
    pub(crate) blind_until: u64,
    /// Which call went as the probe since the gate was closed.
    probes: BTreeSet<Id>,
    strikes: u32,
    /// Whether a probe has opened the gate since the last episode.
    opened: bool,
    /// The longest pause of the last episode and of stragglers since.
    served: u64,
    pub(crate) episode: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Open,
    Closed,
    HalfOpen(Option<(Id, u64)>),
}

impl Gate {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            phase: Phase::Open,
            closed_until: 0,
            paused_until: 0,
            blind_until: 0,
            probes: BTreeSet::new(),
            strikes: 0,
            opened: true,
            served: 0,
            episode: 0,
        }
    }

    /// Whether it lets the next in line pass, and if so, whether as the probe.
    pub(crate) fn allows(&self, now: u64) -> Option<bool> {
        if now < self.paused_until.max(self.blind_until) {
            return None;
        }
        match self.phase {
            Phase::Open => Some(false),
            Phase::Closed => (now >= self.closed_until).then_some(true),
            Phase::HalfOpen(Some((_, since))) => (now >= since + self.served).then_some(true),
            Phase::HalfOpen(None) => Some(true),
        }
    }

    /// Before then certainly no call passes.
    pub(crate) fn closed_until(&self) -> u64 {
        let paused_until = self.paused_until.max(self.blind_until);
        if self.phase == Phase::Closed {
            self.closed_until.max(paused_until)
        } else {
            paused_until
        }
    }

    pub(crate) fn pause(&mut self, until: u64) {
        self.paused_until = self.paused_until.max(until);
    }

    pub(crate) fn probe(&mut self, id: Id, now: u64) {
        self.phase = Phase::HalfOpen(Some((id, now)));
        self.probes.insert(id);
    }

    pub(crate) fn lose_probe(&mut self, id: Id) {
        if matches!(self.phase, Phase::HalfOpen(Some((probe, _))) if probe == id) {
            self.phase = Phase::HalfOpen(None);
        }
        self.probes.remove(&id);
    }

    pub(crate) fn responded(&mut self, id: Id) -> Option<Event> {
        let opened = self.probes.contains(&id) && matches!(self.phase, Phase::HalfOpen(_));
        if opened {
            self.phase = Phase::Open;
            self.strikes = 0;
            self.opened = true;
        }
        opened.then_some(Event::CooldownEnded)
    }

    pub(crate) fn throttled(
        &mut self,
        now: u64,
        asked: Option<Duration>,
        episode: u32,
    ) -> Option<Event> {
        let settings = self.settings;
        let new = episode == self.episode;
        if new {
            self.strikes = if self.opened { 0 } else { self.strikes + 1 };
            self.opened = false;
            self.served = 0;
            self.episode += 1;
        }
        let of_the_burst = episode + 1 == self.episode;
        let strikes = if of_the_burst { self.strikes } else { 0 };
        let asked = asked
            .map_or(0, |asked| asked.as_nanos() as u64)
            .min(settings.max_cooldown);
        let base = settings.cooldown.max(asked);
        let doubled = base << strikes.min(16);
        let pause = doubled.min(settings.max_cooldown.max(base)) + settings.cooldown_margin;
        self.closed_until = self.closed_until.max(now + pause);
        self.served = self.served.max(pause);
        self.phase = Phase::Closed;
        self.probes.clear();
        let pause = Duration::from_nanos(pause);
        new.then_some(Event::CooldownStarted { pause, strikes })
    }
}
