//! Drives the admission and its model side by side, as the shell drives the admission.

use std::sync::Arc;
use std::time::Duration;

use super::caller::{Caller, Has};
use super::model::{Id, REJECTED};
use super::operations::{Operation, UNIT};
use super::pair::{Pair, any_instant};
use super::server_log::ServerLog;
use crate::Algorithm;
use crate::RejectedReason::{QueueFull, WouldWaitTooLong};
use crate::admission::{Effects, Outcome, Settings};
use crate::epoch::NEVER;

pub(super) struct Driver {
    both: Pair,
    callers: Vec<Caller>,
    arrivals: Id,
    server_log: ServerLog,
    quota_changed: bool,
    /// A request left with a slot that had come back.
    overdrawn: bool,
    last_throttled: Option<u64>,
}

impl Driver {
    pub(super) fn new(algorithm: Algorithm, n: u32, w: u64, settings: Settings) -> Self {
        Self {
            both: Pair::new(algorithm, n, w, settings),
            callers: Vec::new(),
            arrivals: 0,
            server_log: ServerLog::default(),
            quota_changed: false,
            overdrawn: false,
            last_throttled: None,
        }
    }

    pub(super) fn apply(&mut self, operation: &Operation) {
        let now = self.both.now;
        let mut effects = Effects::default();
        match *operation {
            Operation::Arrive { deadline, ready } => self.arrive(deadline, ready, &mut effects),
            Operation::ArriveLate { late, deadline } => {
                self.both.now += late;
                self.arrive(deadline, true, &mut effects);
            }
            Operation::Check(i) => {
                if let Some(i) = self.pick(i, |has| matches!(has, Has::Ticket(_))) {
                    self.check(i, false, &mut effects);
                }
            }
            Operation::Claim(i) => {
                if let Some(i) = self.pick(i, |has| matches!(has, Has::Ticket(_))) {
                    self.check(i, true, &mut effects);
                    self.claim(i);
                }
            }
            Operation::Dispatch(i) => self.dispatch(i, &mut effects),
            Operation::Respond(i) => self.settle(i, Outcome::Responded, &mut effects),
            Operation::Throttle(i, asked) => {
                let asked = asked.map(Duration::from_nanos);
                self.settle(i, Outcome::Throttled(asked), &mut effects);
            }
            Operation::Drop(i) => {
                if let Some(i) = self.pick(i, |_| true) {
                    self.drop_caller(i, &mut effects);
                }
            }
            Operation::Pass(time) => self.both.pass(now + time, &mut self.callers),
            Operation::PassToAlarm => {
                let alarm = self.both.real.alarm();
                if alarm < now + 1_000 * UNIT {
                    self.both.pass(alarm, &mut self.callers);
                }
            }
            Operation::Pause(pause) => {
                self.both.real.pause(now, now + pause, &mut effects);
                self.both.model.gate.pause(now + pause);
            }
            Operation::SetQuota(n, w) => {
                self.quota_changed = true;
                self.both.real.set_quota(now, n, w, &mut effects);
                self.both.model.set_quota(n, w);
            }
            Operation::WakeAll => {
                self.both.real.wake_all(|_| true, &mut effects);
                for caller in &mut self.callers {
                    caller.must_be_woken |= self.both.model.waits(caller.id);
                }
            }
        }
        self.both.model.run(self.both.now);
        effects.apply();
        self.both.run(&mut self.callers);
    }

    /// All calls go, and time passes: everything is as it was.
    pub(super) fn wind_up(&mut self) {
        while !self.callers.is_empty() {
            self.apply(&Operation::Drop(0));
        }
        self.both
            .pass(self.both.now + 10_000 * UNIT, &mut self.callers);
        let Pair { real, model, now } = &mut self.both;
        let seen = real.snapshot(*now, any_instant);
        assert_eq!((seen.in_flight, seen.queued), (0, 0));
        assert_eq!(real.slots.free(*now), model.books.n);
        assert_eq!(real.queue.places(), 0, "a place was left behind");
        assert_eq!(real.alarm(), NEVER);
        if !self.quota_changed && !self.overdrawn {
            self.server_log.check(model.books.n as usize, model.books.w);
        }
    }

    fn pick(&self, index: usize, which: impl Fn(&Has) -> bool) -> Option<usize> {
        let fit: Vec<_> = (0..self.callers.len())
            .filter(|i| which(&self.callers[*i].has))
            .collect();
        (!fit.is_empty()).then(|| fit[index % fit.len()])
    }

    fn arrive(&mut self, deadline: Option<u64>, ready: bool, effects: &mut Effects) {
        let Pair { real, model, now } = &mut self.both;
        let (now, id) = (*now, self.arrivals);
        self.arrivals += 1;
        let own = deadline.map(|deadline| now + deadline);
        let longest = model.settings.max_wait.map(|wait| now + wait);
        let until = own.into_iter().chain(longest).min().unwrap_or(u64::MAX);
        let mut caller = Caller::new(id, now, until, model.gate.episode);

        let expected = model.may_join_at_once(now);
        let timeless = own.is_none().then(|| real.try_admit_at_any_time());
        let grant = timeless.flatten().or_else(|| real.try_admit(now));
        assert_eq!(
            grant.as_ref().map(|grant| grant.probe.is_some()),
            expected,
            "served at once"
        );
        if let Some(grant) = grant {
            model.grant(id, now, grant.probe.is_some());
            caller.has = if ready {
                self.both.hold(id, grant)
            } else {
                model.granted.push((id, now));
                Has::Ticket(real.park(now, &grant, own))
            };
            self.callers.push(caller);
            return self.note_grant();
        }

        let best = model.best_case(now);
        let full = model.waiting.len() >= model.settings.max_queued;
        match real.enqueue(now, own, caller.waiter(), effects) {
            Ok(ticket) => {
                assert!(!full, "more wait than may");
                caller.has = Has::Ticket(ticket);
                model.waiting.push((id, until));
                self.callers.push(caller);
            }
            Err(error) => {
                model.counters[REJECTED] += 1;
                assert_eq!(full, error.reason() == QueueFull);
                let wait = error.wait().unwrap_or_default().as_nanos() as u64;
                assert!(now + wait <= best, "says {wait}, could be {}", best - now);
                if !full {
                    assert_eq!(error.reason(), WouldWaitTooLong);
                    assert!(
                        until < best,
                        "rejected at {now}, could go at {best}, until {until}"
                    );
                }
            }
        }
    }

    fn check(&mut self, i: usize, ready: bool, effects: &mut Effects) {
        let Pair { real, model, now } = &mut self.both;
        let caller = &mut self.callers[i];
        let Has::Ticket(ticket) = &caller.has else {
            unreachable!()
        };
        caller.wakes = Arc::default();
        caller.must_be_woken = false;
        let waiter = caller.waiter();
        _ = real.check(*now, ticket, ready, waiter, effects);
        if !ready {
            return model.keep_place(caller.id, caller.deadline);
        }
        if model.lapsed.remove(&caller.id) {
            model.watching.remove(&caller.id);
            model.waiting.push((caller.id, caller.deadline));
            model.waiting.sort_unstable(); // by arrival
            model.run(*now);
            if model.waits(caller.id) {
                model.lapse_later_than(caller.id);
                model.run(*now);
            }
        }
    }

    fn claim(&mut self, i: usize) {
        let mut caller = self.callers.remove(i);
        let Has::Ticket(ticket) = caller.has else {
            unreachable!()
        };
        let Pair { real, model, .. } = &mut self.both;
        let granted = model.is_granted(caller.id);
        caller.has = match real.claim(ticket) {
            Ok((grant, since)) => {
                assert!(granted, "claimed what was not granted");
                assert_eq!(since, caller.asked_at);
                model.granted.retain(|(id, _)| *id != caller.id);
                caller.episode = model.gate.episode;
                let has = self.both.hold(caller.id, grant);
                self.note_grant();
                has
            }
            Err(ticket) => {
                assert!(!granted, "could not claim what was granted");
                Has::Ticket(ticket)
            }
        };
        self.callers.push(caller);
    }

    fn dispatch(&mut self, i: usize, effects: &mut Effects) {
        let Some(i) = self.pick(i, |has| matches!(has, Has::Grant(_) | Has::Held(_))) else {
            return;
        };
        let mut caller = self.callers.remove(i);
        let Pair { real, model, now } = &mut self.both;
        caller.has = Has::Dispatched(match caller.has {
            Has::Grant(grant) => real.dispatch(*now, grant),
            Has::Held(ticket) => {
                caller.episode = model.gate.episode;
                self.overdrawn |= !model.dispatch_held(caller.id);
                real.dispatch_held(*now, ticket)
            }
            Has::Ticket(_) | Has::Dispatched(_) => unreachable!(),
        });
        caller.left_at = *now;
        model.dispatch(caller.id, *now);
        real.run(*now, effects);
        self.callers.push(caller);
    }

    fn settle(&mut self, i: usize, outcome: Outcome, effects: &mut Effects) {
        let Some(i) = self.pick(i, |has| matches!(has, Has::Dispatched(_))) else {
            return;
        };
        let caller = self.callers.remove(i);
        let Has::Dispatched(flight) = caller.has else {
            unreachable!()
        };
        let Pair { real, model, now } = &mut self.both;
        let event = if outcome == Outcome::Responded && flight.is_plain() {
            real.settle_plainly(*now);
            None
        } else {
            real.settle(*now, &flight, outcome)
        };
        if real.is_awaited() {
            real.run(*now, effects);
        }
        let (at, expected) = model.settle(caller.id, *now, outcome, caller.episode);
        assert_eq!(event, expected);
        let transit = model.settings.max_transit;
        let promised = transit.map(|transit| caller.left_at + transit + model.settings.count_lag);
        let latest = promised.map_or(at, |promised| at.min(promised));
        self.server_log.counted(caller.left_at, latest);
        if let Outcome::Throttled(_) = outcome {
            self.last_throttled = Some(*now);
        }
    }

    fn drop_caller(&mut self, i: usize, effects: &mut Effects) {
        if let Has::Dispatched(_) = self.callers[i].has {
            let before = self.callers[..i].iter();
            let flights = before.filter(|c| matches!(c.has, Has::Dispatched(_)));
            return self.settle(flights.count(), Outcome::Lost, effects);
        }
        let Caller { id, has, .. } = self.callers.remove(i);
        self.both.give_up(id, has, effects);
    }

    /// A slot was taken up: not before everything the server asked for has passed.
    fn note_grant(&self) {
        if let Some(seen) = self.last_throttled {
            let settings = self.both.model.settings;
            let pause = settings.cooldown + settings.cooldown_margin;
            assert!(self.both.now >= seen + pause, "a grant during the cooldown");
        }
    }
}
