//! Drives the admission and its model side by side, as the shell drives the admission.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::caller::{Bell, Caller, Has};
use super::model::{Knobs, Model, NOT_ADMITTED};
use super::{Id, UNIT};
use crate::NotAdmittedReason::{QueueFull, WouldWaitTooLong};
use crate::Window;
use crate::admission::{Admission, Effects, Flight, Grant, NEVER, Outcome, Settings};
use crate::queue::Place;
use crate::window::Account;

#[derive(Clone, Debug)]
pub(super) enum Op {
    /// A call comes, with a deadline or not; if it is served at once, is the service below ready?
    Arrive {
        deadline: Option<u64>,
        ready: bool,
    },
    /// A call comes before the timer, which is late by that much.
    ArriveLate {
        late: u64,
        deadline: Option<u64>,
    },
    /// A queued call is polled while the service below is not ready.
    Look(usize),
    /// A queued call is polled and takes its slot, if it has one.
    Claim(usize),
    Dispatch(usize),
    Answer(usize),
    /// A 429 arrives, perhaps with a `Retry-After`.
    Refuse(usize, Option<u64>),
    Drop(usize),
    Pass(u64),
    /// Time passes until just when something is due.
    PassToAlarm,
    Hold(u64),
    Retune(u32, u64),
    Rouse,
}

pub(super) struct Driver {
    pub(super) real: Admission,
    model: Model,
    callers: Vec<Caller>,
    arrivals: Id,
    now: u64,
    /// When the server may have counted each request: just when it left, or as late as can be.
    counted: Vec<(u64, u64)>,
    /// Everything the rule ever had to do with.
    pub(super) retuned: bool,
    last_refusal: Option<u64>,
}

impl Driver {
    pub(super) fn new(rule: Window, n: u32, w: u64, knobs: Knobs) -> Self {
        let settings = Settings {
            cooldown: knobs.cooldown,
            cooldown_margin: knobs.margin,
            count_lag: knobs.lag,
            linger: knobs.linger,
            max_cooldown: knobs.max_cooldown,
            max_queued: knobs.max_queued,
            max_transit: knobs.transit,
            max_wait: knobs.max_wait,
        };
        Self {
            real: Admission::new(Account::new(rule, n, w), settings),
            model: Model::new(rule, n, w, knobs),
            callers: Vec::new(),
            arrivals: 0,
            now: 1_000 * UNIT,
            counted: Vec::new(),
            retuned: false,
            last_refusal: None,
        }
    }

    fn pick(&self, index: usize, which: impl Fn(&Has) -> bool) -> Option<usize> {
        let fit: Vec<_> = (0..self.callers.len())
            .filter(|i| which(&self.callers[*i].has))
            .collect();
        (!fit.is_empty()).then(|| fit[index % fit.len()])
    }

    pub(super) fn apply(&mut self, op: &Op) {
        let now = self.now;
        let mut effects = Effects::default();
        match *op {
            Op::Arrive { deadline, ready } => self.arrive(deadline, ready, &mut effects),
            Op::ArriveLate { late, deadline } => {
                self.now += late;
                self.arrive(deadline, true, &mut effects);
            }
            Op::Look(i) => {
                if let Some(i) = self.pick(i, |has| matches!(has, Has::Ticket(_))) {
                    self.look(i, &mut effects);
                }
            }
            Op::Claim(i) => {
                if let Some(i) = self.pick(i, |has| matches!(has, Has::Ticket(_))) {
                    self.look(i, &mut effects);
                    self.claim(i);
                }
            }
            Op::Dispatch(i) => {
                if let Some(i) = self.pick(i, |has| matches!(has, Has::Grant(_))) {
                    let mut caller = self.callers.remove(i);
                    let Has::Grant(grant) = caller.has else {
                        unreachable!()
                    };
                    caller.has = Has::Flight(self.real.dispatch(now, grant));
                    caller.left_at = now;
                    self.model.dispatch(caller.id, now);
                    if self.model.settings.transit.is_some() {
                        self.real.run(now, &mut effects);
                    }
                    self.callers.push(caller);
                }
            }
            Op::Answer(i) => self.settle(i, Outcome::Answered, &mut effects),
            Op::Refuse(i, asked) => {
                let asked = asked.map(Duration::from_nanos);
                self.settle(i, Outcome::Refused(asked), &mut effects);
            }
            Op::Drop(i) => {
                if let Some(i) = self.pick(i, |_| true) {
                    self.drop_caller(i, &mut effects);
                }
            }
            Op::Pass(time) => self.pass(now + time),
            Op::PassToAlarm => {
                if self.real.alarm() < now + 1_000 * UNIT {
                    self.pass(self.real.alarm());
                }
            }
            Op::Hold(pause) => {
                self.real.hold(now, now + pause, &mut effects);
                self.model.held_until = self.model.held_until.max(now + pause);
            }
            Op::Retune(n, w) => {
                self.retuned = true;
                self.real.retune(now, n, w, &mut effects);
                self.model.retune(n, w);
            }
            Op::Rouse => {
                self.real.rouse(&mut effects);
                let waiting = |id| self.model.waiting.iter().any(|(other, _)| *other == id);
                self.callers
                    .iter_mut()
                    .filter(|c| waiting(c.id))
                    .for_each(|c| c.wakes = usize::MAX);
            }
        }
        self.model.run(self.now);
        effects.apply();
        self.catch_up();
        self.compare();
    }

    /// As the shell: whatever is due is done at once.
    fn catch_up(&mut self) {
        for _ in 0..3 {
            if self.real.alarm() > self.now {
                return;
            }
            let mut effects = Effects::default();
            self.real.run(self.now, &mut effects);
            effects.apply();
        }
        panic!(
            "the alarm {} never gets past {}",
            self.real.alarm(),
            self.now
        );
    }

    fn arrive(&mut self, deadline: Option<u64>, ready: bool, effects: &mut Effects) {
        let (now, id) = (self.now, self.arrivals);
        self.arrivals += 1;
        let own = deadline.map(|deadline| now + deadline);
        let longest = self.model.settings.max_wait.map(|wait| now + wait);
        let until = own.into_iter().chain(longest).min().unwrap_or(u64::MAX);
        let bell = Arc::new(Bell::default());
        let mut caller = Caller {
            id,
            has: Has::Flight(Flight::of(Grant {
                probe: None,
                episode: 0,
            })),
            deadline: until,
            episode: self.model.episode,
            asked_at: now,
            bell: bell.clone(),
            wakes: 0,
            left_at: 0,
        };

        let expected = self
            .model
            .may_pass(now)
            .filter(|_| self.model.waiting.is_empty());
        let timeless = own.is_none().then(|| self.real.try_admit_at_any_time());
        let grant = timeless.flatten().or_else(|| self.real.try_admit(now));
        assert_eq!(
            grant.as_ref().map(|grant| grant.probe.is_some()),
            expected,
            "served at once"
        );
        if let Some(grant) = grant {
            self.note_grant();
            self.model.grant(id, now, grant.probe.is_some());
            caller.has = if ready {
                Has::Grant(grant)
            } else {
                self.model.granted.push((id, now));
                Has::Ticket(self.real.park(now, &grant, own))
            };
            self.callers.push(caller);
            return;
        }

        let best = self.model.best_case(now);
        let full = self.model.waiting.len() >= self.model.settings.max_queued;
        match self.real.enqueue(now, own, bell.into(), effects) {
            Ok(ticket) => {
                assert!(!full, "more wait than may");
                caller.has = Has::Ticket(ticket);
                self.model.waiting.push((id, until));
                self.callers.push(caller);
            }
            Err(error) => {
                self.model.counters[NOT_ADMITTED] += 1;
                assert_eq!(full, error.reason() == QueueFull);
                let wait = error.wait().unwrap_or_default().as_nanos() as u64;
                assert!(now + wait <= best, "says {wait}, could be {}", best - now);
                if !full {
                    assert_eq!(error.reason(), WouldWaitTooLong);
                    assert!(
                        until < best,
                        "refused at {now}, could go at {best}, until {until}"
                    );
                }
            }
        }
    }

    fn look(&mut self, i: usize, effects: &mut Effects) {
        let caller = &mut self.callers[i];
        let Has::Ticket(ticket) = &caller.has else {
            unreachable!()
        };
        caller.bell = Arc::new(Bell::default());
        caller.wakes = 0;
        _ = self
            .real
            .look(self.now, ticket, caller.bell.clone().into(), effects);
        if self.model.lapsed.remove(&caller.id) {
            let waiting = &mut self.model.waiting;
            waiting.push((caller.id, caller.deadline));
            waiting.sort_unstable(); // by arrival
            self.model.run(self.now);
        }
    }

    fn claim(&mut self, i: usize) {
        let mut caller = self.callers.remove(i);
        let Has::Ticket(ticket) = caller.has else {
            unreachable!()
        };
        let granted = self.model.granted.iter().any(|(id, _)| *id == caller.id);
        caller.has = match self.real.claim(ticket) {
            Ok((grant, since)) => {
                assert!(granted, "claimed what was not granted");
                assert_eq!(since, caller.asked_at);
                self.note_grant();
                self.model.granted.retain(|(id, _)| *id != caller.id);
                caller.episode = self.model.episode;
                Has::Grant(grant)
            }
            Err(ticket) => {
                assert!(!granted, "could not claim what was granted");
                Has::Ticket(ticket)
            }
        };
        self.callers.push(caller);
    }

    fn settle(&mut self, i: usize, outcome: Outcome, effects: &mut Effects) {
        if let Some(i) = self.pick(i, |has| matches!(has, Has::Flight(_))) {
            let caller = self.callers.remove(i);
            let Has::Flight(flight) = caller.has else {
                unreachable!()
            };
            let event = self.real.settle(self.now, &flight, outcome);
            if self.real.is_awaited() {
                self.real.run(self.now, effects);
            }
            let (at, expected) = self
                .model
                .settle(caller.id, self.now, outcome, caller.episode);
            assert_eq!(event, expected);
            let knobs = self.model.settings;
            let promised = knobs
                .transit
                .map(|transit| caller.left_at + transit + knobs.lag);
            self.counted.push((
                caller.left_at,
                promised.map_or(at, |promised| at.min(promised)),
            ));
            if let Outcome::Refused(_) = outcome {
                self.last_refusal = Some(self.now);
            }
        }
    }

    fn drop_caller(&mut self, i: usize, effects: &mut Effects) {
        if let Has::Flight(_) = self.callers[i].has {
            let flights = self.callers[..i]
                .iter()
                .filter(|c| matches!(c.has, Has::Flight(_)));
            let i = flights.count();
            return self.settle(i, Outcome::Lost, effects);
        }
        let caller = self.callers.remove(i);
        let id = caller.id;
        match caller.has {
            Has::Ticket(ticket) => {
                self.real.leave(self.now, ticket, effects);
                self.model.waiting.retain(|(other, _)| *other != id);
                if self.model.granted.iter().any(|(other, _)| *other == id) {
                    self.model.granted.retain(|(other, _)| *other != id);
                    self.model.give_back(id);
                }
                self.model.lapsed.remove(&id);
                self.model.refused.remove(&id);
            }
            Has::Grant(grant) => {
                self.real.cancel(self.now, &grant, effects);
                self.model.give_back(id);
            }
            Has::Flight(_) => unreachable!(),
        }
    }

    fn pass(&mut self, target: u64) {
        loop {
            let next = self.real.alarm().min(target);
            if next > self.now {
                // Nothing was due a nanosecond before the alarm, or before we look again.
                let mut early = self.model.clone();
                early.run(next - 1);
                assert_eq!(
                    early,
                    self.model,
                    "due before {next}, alarm {}",
                    self.real.alarm()
                );
                self.now = next;
            }
            self.model.run(self.now);
            self.catch_up();
            self.compare();
            if self.now >= target {
                return;
            }
        }
    }

    /// A slot was taken up: not before everything the server asked for has passed.
    fn note_grant(&self) {
        if let Some(seen) = self.last_refusal {
            let pause = self.model.settings.cooldown + self.model.settings.margin;
            assert!(self.now >= seen + pause, "a grant during the cooldown");
        }
    }

    /// Both see the same.
    fn compare(&mut self) {
        let now = self.now;
        self.model.forget(now);
        let free = self.real.account.free(now);
        let model = &self.model;
        assert_eq!(
            free,
            (1..=model.n)
                .take_while(|k| model.rule_allows(*k, now))
                .count() as u64
        );

        for caller in &mut self.callers {
            let id = caller.id;
            if let Has::Ticket(ticket) = &caller.has {
                let (place, expected) = match self.real.queue.place(ticket) {
                    Place::Waiting => ("waiting", model.waiting.iter().any(|(i, _)| *i == id)),
                    Place::Granted { .. } => {
                        ("granted", model.granted.iter().any(|(i, _)| *i == id))
                    }
                    Place::Lapsed => ("lapsed", model.lapsed.contains(&id)),
                    Place::Refused(_) => ("refused", model.refused.contains(&id)),
                };
                assert!(expected, "{id} is {place} at {now}, not so in {model:?}");
                let woken = caller.bell.0.load(Ordering::Relaxed);
                assert!(woken <= 1, "woken again without having looked");
                if caller.wakes == usize::MAX {
                    caller.wakes = woken;
                    assert_eq!(woken, 1, "roused");
                }
            }
        }
        let seen = self.real.snapshot(now, |_| unreachable_instant());
        let next = model.gate_allows(now).filter(|_| model.waiting.is_empty());
        let free = next.map_or(0, |probe| if probe { free.min(1) } else { free });
        assert_eq!(seen.free, free, "free");
        let on_the_way = self
            .callers
            .iter()
            .filter(|c| matches!(c.has, Has::Grant(_) | Has::Flight(_)))
            .count();
        assert_eq!(
            seen.outstanding,
            (on_the_way + model.granted.len()) as u64,
            "outstanding"
        );
        assert_eq!(seen.queued, model.waiting.len(), "queued");
        assert_eq!(
            [
                seen.granted(),
                seen.not_admitted(),
                seen.refused(),
                seen.lost(),
                seen.cooldowns()
            ],
            model.counters
        );
    }

    /// Everybody goes, and time passes: everything is as it was.
    pub(super) fn wind_up(&mut self) {
        while !self.callers.is_empty() {
            self.apply(&Op::Drop(0));
        }
        self.pass(self.now + 10_000 * UNIT);
        let seen = self.real.snapshot(self.now, |_| unreachable_instant());
        assert_eq!((seen.outstanding, seen.queued), (0, 0));
        assert_eq!(self.real.account.free(self.now), self.model.n);
        assert_eq!(self.real.queue.places(), 0, "a place was left behind");
        assert_eq!(self.real.alarm(), NEVER);
    }

    /// No server that keeps an exact log has counted more than the limit, however it was counted.
    pub(super) fn check_the_servers_log(&self) {
        let (n, w) = (self.model.n as usize, self.model.w);
        let early = self.counted.iter().map(|(early, _)| *early).collect();
        let late = self.counted.iter().map(|(_, late)| *late).collect();
        let mixed = |k: usize| -> Vec<u64> {
            self.counted
                .iter()
                .enumerate()
                .map(|(i, c)| if i % k == 0 { c.0 } else { c.1 })
                .collect()
        };
        for log in [early, late, mixed(2), mixed(3)] {
            for at in &log {
                let window = log
                    .iter()
                    .filter(|other| (at.saturating_sub(w)..=*at).contains(other));
                assert!(
                    window.count() <= n,
                    "over the limit in the window up to {at}: {log:?}"
                );
            }
        }
    }
}

fn unreachable_instant() -> Instant {
    thread_local!(static ANY: Instant = crate::clock::now());
    ANY.with(|any| *any)
}
