//! The admission against a naive model of itself, driven as the shell drives it: [`Admission::run`] at
//! every alarm, nothing else by itself.
//!
//! A longer campaign:
//! `PROPTEST_CASES=1000000 cargo test --release -p comfycontrol-rate-limit --lib agrees_with_the_naive_model`

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use proptest::prelude::*;

use super::grants::CLAIM;
use super::*;
use crate::NotAdmittedReason::{QueueFull, WouldWaitTooLong};
use crate::Window;
use crate::queue::Place;

/// Long against a nanosecond, short against [`CLAIM`].
const UNIT: u64 = 100_000_000;

type Id = usize;

// === the naive model ===

/// What the limiter promises, written down without any thought of speed.
#[derive(Clone, Debug, PartialEq)]
struct Model {
    rule: Window,
    n: u64,
    w: u64,
    settings: Knobs,
    unstamped: BTreeSet<Id>,
    stamps: Vec<(u64, Option<Id>)>,
    /// The newest stamp that the rule did not look at any more.
    forgotten: Option<u64>,
    /// In arrival order, with the last moment at which a grant is welcome.
    waiting: Vec<(Id, u64)>,
    granted: Vec<(Id, u64)>,
    lapsed: BTreeSet<Id>,
    refused: BTreeSet<Id>,
    closed_until: u64,
    held_until: u64,
    gate: Door,
    /// Who went as the probe since the gate was closed.
    probes: BTreeSet<Id>,
    strikes: u32,
    episode: u32,
    counters: [u64; 5],
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Knobs {
    cooldown: u64,
    margin: u64,
    max_cooldown: u64,
    lag: u64,
    linger: u64,
    transit: Option<u64>,
    max_queued: usize,
    max_wait: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Door {
    Open,
    Closed,
    HalfOpen(Option<(Id, u64)>),
}

const GRANTED: usize = 0;
const NOT_ADMITTED: usize = 1;
const REFUSED: usize = 2;
const LOST: usize = 3;
const COOLDOWNS: usize = 4;

impl Model {
    fn new(rule: Window, n: u32, w: u64, settings: Knobs) -> Self {
        Self {
            rule,
            n: n.into(),
            w,
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
    fn rule_allows(&self, more: u64, now: u64) -> bool {
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
    fn gate_allows(&self, now: u64) -> Option<bool> {
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

    fn may_pass(&self, now: u64) -> Option<bool> {
        self.gate_allows(now).filter(|_| self.rule_allows(1, now))
    }

    fn grant(&mut self, id: Id, now: u64, probe: bool) {
        self.unstamped.insert(id);
        self.counters[GRANTED] += 1;
        if probe {
            self.gate = Door::HalfOpen(Some((id, now)));
            self.probes.insert(id);
        }
    }

    fn give_back(&mut self, id: Id) {
        self.unstamped.remove(&id);
        self.counters[GRANTED] -= 1;
        self.lose_probe(id);
    }

    fn lose_probe(&mut self, id: Id) {
        if matches!(self.gate, Door::HalfOpen(Some((probe, _))) if probe == id) {
            self.gate = Door::HalfOpen(None);
        }
        self.probes.remove(&id);
    }

    fn lapse(&mut self, id: Id) {
        self.granted.retain(|(other, _)| *other != id);
        self.lapsed.insert(id);
        self.give_back(id);
    }

    /// All that is due at `now`.
    fn run(&mut self, now: u64) {
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

    fn refuse_those_who(&mut self, gave_up: impl Fn(u64) -> bool) {
        let late: Vec<_> = self
            .waiting
            .extract_if(.., |(_, deadline)| gave_up(*deadline))
            .collect();
        self.counters[NOT_ADMITTED] += late.len() as u64;
        self.refused.extend(late.into_iter().map(|(id, _)| id));
    }

    fn forget(&mut self, now: u64) {
        let horizon = match self.rule {
            Window::AnyPhase => 2 * self.w,
            Window::Sliding => self.w,
        };
        let old = self.stamps.extract_if(.., |(at, _)| *at + horizon < now);
        self.forgotten = old.map(|(at, _)| at).max().max(self.forgotten);
    }

    fn dispatch(&mut self, id: Id, now: u64) {
        if let Some(transit) = self.settings.transit {
            self.unstamped.remove(&id);
            self.stamps
                .push((now + transit + self.settings.lag, Some(id)));
        }
    }

    /// The end of a request; returns the last moment at which the server may have counted it, going
    /// by its end.
    fn settle(&mut self, id: Id, now: u64, outcome: Outcome, episode: u32) -> (u64, Option<Event>) {
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

    fn server_refused(&mut self, now: u64, asked: Option<Duration>, episode: u32) -> Option<Event> {
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
        // Assume that the server has just counted a whole quota.
        self.stamps.retain(|(at, _)| *at > now + knobs.lag);
        self.stamps
            .extend((0..self.n).map(|_| (now + knobs.lag, None)));
        for (id, _) in self.granted.clone() {
            self.lapse(id);
        }
        let (pause, strikes) = (Duration::from_nanos(pause), self.strikes);
        new.then_some(Event::CooldownStarted { pause, strikes })
    }

    fn retune(&mut self, n: u32, w: u64) {
        if w > self.w
            && let Some(forgotten) = self.forgotten
        {
            self.held_until = self.held_until.max(forgotten + 2 * w + 1);
        }
        (self.n, self.w) = (n.into(), w);
    }

    /// When a newcomer is granted its slot if all goes as well as it can: whatever is on its way is
    /// answered now, whoever gets a slot uses it and is answered at once, and nobody gives up.
    fn best_case(&self, now: u64) -> u64 {
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

// === the driver ===

#[derive(Clone, Debug)]
enum Op {
    /// A call comes, with a deadline or not; if it is served at once, is the service below ready?
    Arrive {
        deadline: Option<u64>,
        ready: bool,
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

#[derive(Debug)]
enum Has {
    Ticket(Ticket),
    Grant(Grant),
    Flight(Flight),
}

#[derive(Debug)]
struct Caller {
    id: Id,
    has: Has,
    deadline: u64,
    episode: u32,
    bell: Arc<Bell>,
    /// How often it must have been woken by now.
    wakes: usize,
    left_at: u64,
}

#[derive(Debug, Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Driver {
    real: Admission,
    model: Model,
    callers: Vec<Caller>,
    arrivals: Id,
    now: u64,
    /// When the server may have counted each request: just when it left, or as late as can be.
    counted: Vec<(u64, u64)>,
    /// Everything the rule ever had to do with.
    retuned: bool,
    last_refusal: Option<u64>,
}

impl Driver {
    fn new(rule: Window, n: u32, w: u64, knobs: Knobs) -> Self {
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

    fn apply(&mut self, op: &Op) {
        let now = self.now;
        let mut effects = Effects::default();
        match *op {
            Op::Arrive { deadline, ready } => self.arrive(deadline, ready, &mut effects),
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
            has: Has::Flight(Flight {
                probe: None,
                episode: 0,
                stamp: None,
            }),
            deadline: until,
            episode: self.model.episode,
            bell: bell.clone(),
            wakes: 0,
            left_at: 0,
        };

        let expected = self
            .model
            .may_pass(now)
            .filter(|_| self.model.waiting.is_empty());
        let grant = self.real.try_admit(now);
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
                let wait = error.wait().as_nanos() as u64;
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
            Ok(grant) => {
                assert!(granted, "claimed what was not granted");
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
    fn wind_up(&mut self) {
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
    fn check_the_servers_log(&self) {
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

fn knobs() -> impl Strategy<Value = Knobs> {
    let few = |max: u64| (0..=max).prop_map(|units| units * UNIT);
    (
        (few(30), few(3), few(60)),
        prop_oneof![Just(0), few(3)],
        few(5),
        prop::option::weighted(0.3, few(20)),
        prop_oneof![3 => Just(usize::MAX), 1 => 0_usize..4],
        prop::option::weighted(0.3, few(60)),
    )
        .prop_map(
            |((cooldown, margin, max_cooldown), lag, linger, transit, max_queued, max_wait)| {
                Knobs {
                    cooldown,
                    margin,
                    max_cooldown,
                    lag,
                    linger,
                    transit,
                    max_queued,
                    max_wait,
                }
            },
        )
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 0_usize..8;
    let units = |range: std::ops::Range<u64>| range.prop_map(|units| units * UNIT);
    prop_oneof![
        8 => (prop::option::weighted(0.3, units(0..60)), prop::bool::weighted(0.8))
            .prop_map(|(deadline, ready)| Op::Arrive { deadline, ready }),
        2 => who().prop_map(Op::Look),
        6 => who().prop_map(Op::Claim),
        6 => who().prop_map(Op::Dispatch),
        5 => who().prop_map(Op::Answer),
        1 => (who(), prop::option::of(units(0..80))).prop_map(|(i, asked)| Op::Refuse(i, asked)),
        2 => who().prop_map(Op::Drop),
        3 => units(0..15).prop_map(Op::Pass),
        1 => (0_u64..3 * UNIT).prop_map(Op::Pass),
        5 => Just(Op::PassToAlarm),
        1 => units(0..30).prop_map(Op::Hold),
        1 => (1_u32..6, units(5..40)).prop_map(|(n, w)| Op::Retune(n, w)),
        1 => Just(Op::Rouse),
    ]
}

proptest! {
    /// Never above the rule and never later than it allows, in arrival order, to the nanosecond;
    /// nothing leaked, nothing minted, deadlines kept, one probe at a time.
    #[test]
    fn agrees_with_the_naive_model(
        rule in prop_oneof![Just(Window::AnyPhase), Just(Window::Sliding)],
        n in 1_u32..6, w in 5_u64..40, knobs in knobs(),
        ops in prop::collection::vec(op(), 1..80),
    ) {
        let mut driver = Driver::new(rule, n, w * UNIT, knobs);
        ops.iter().for_each(|op| driver.apply(op));
        driver.wind_up();
        if !driver.retuned {
            driver.check_the_servers_log();
        }
    }
}
