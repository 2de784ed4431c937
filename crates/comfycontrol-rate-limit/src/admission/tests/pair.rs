//! The admission and its model side by side: time passes for both, and both must see the same.

use tokio::time::Instant;

use super::caller::{Caller, Has};
use super::model::{Id, Model};
use super::operations::UNIT;
use crate::Algorithm;
use crate::account::Account;
use crate::admission::{Admission, Effects, Grant, Settings};
use crate::queue::{Turn, WaiterState};

pub(super) struct Pair {
    pub(super) real: Admission,
    pub(super) model: Model,
    pub(super) now: u64,
}

impl Pair {
    pub(super) fn new(algorithm: Algorithm, n: u32, w: u64, settings: Settings) -> Self {
        Self {
            real: Admission::new(Account::new(algorithm, n, w), settings),
            model: Model::new(algorithm, n, w, settings),
            now: 1_000 * UNIT,
        }
    }

    pub(super) fn pass(&mut self, target: u64, callers: &mut [Caller]) {
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
            self.run(callers);
            if self.now >= target {
                return;
            }
        }
    }

    /// A slot is taken up, for so long as it may be held.
    pub(super) fn hold(&mut self, id: Id, grant: Grant) -> Has {
        match self.real.hold(self.now, &grant) {
            Some(ticket) => {
                self.model.held.push((id, self.now));
                Has::Held(ticket)
            }
            None => Has::Grant(grant),
        }
    }

    /// A call goes before its request has left.
    pub(super) fn give_up(&mut self, id: Id, has: Has, effects: &mut Effects) {
        let Self { real, model, now } = self;
        match has {
            Has::Ticket(ticket) => {
                real.leave(*now, ticket, effects);
                model.leave(id);
            }
            Has::Grant(grant) => {
                real.cancel(*now, &grant, effects);
                model.give_back(id);
            }
            Has::Held(ticket) => {
                real.leave(*now, ticket, effects);
                model.drop_held(id);
            }
            Has::Dispatched(_) => unreachable!(),
        }
    }

    /// Both do what is due, and agree.
    pub(super) fn run(&mut self, callers: &mut [Caller]) {
        self.model.run(self.now);
        self.catch_up();
        self.compare(callers);
    }

    /// As the shell: what is due is done at once.
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

    /// Both see the same.
    fn compare(&mut self, callers: &mut [Caller]) {
        let now = self.now;
        self.model.books.forget(now);
        let seen = self.real.snapshot(now, any_instant);
        self.model.lapse_held(now);
        let free = self.real.slots.free(now);
        let model = &self.model;
        assert_eq!(
            free,
            (1..=model.books.n)
                .take_while(|k| model.books.allow(*k, now))
                .count() as u64
        );
        for caller in callers.iter_mut() {
            let id = caller.id;
            if let Has::Ticket(ticket) = &caller.has {
                let (state, expected) = match self.real.queue.state(ticket) {
                    WaiterState::Waiting => ("waiting", model.waits(id)),
                    WaiterState::Granted { .. } => ("granted", model.is_granted(id)),
                    WaiterState::Lapsed => ("lapsed", model.lapsed.contains(&id)),
                    WaiterState::Rejected(_) => ("rejected", model.rejected.contains(&id)),
                };
                let ahead = model.waiting.iter().position(|(other, _)| *other == id);
                if ahead.is_some() {
                    let spot = self.real.spot(ticket);
                    let turn = self.real.turn(spot);
                    assert_eq!(turn, ahead.map(Turn::After), "before {id}");
                }
                assert!(expected, "{id} is {state} at {now}, not so in {model:?}");
                let woken = caller.wakes.count();
                assert!(woken <= 1, "woken again without having looked");
                if std::mem::take(&mut caller.must_be_woken) {
                    assert_eq!(woken, 1, "woken with all");
                }
            }
        }
        let next = model.gate.allows(now).filter(|_| model.waiting.is_empty());
        let free = next.map_or(0, |probe| if probe { free.min(1) } else { free });
        assert_eq!(seen.free, free, "free");
        let on_the_way = callers
            .iter()
            .filter(|c| match c.has {
                Has::Grant(_) | Has::Dispatched(_) => true,
                Has::Held(_) => model.held.iter().any(|(id, _)| *id == c.id),
                Has::Ticket(_) => false,
            })
            .count();
        assert_eq!(
            seen.in_flight,
            (on_the_way + model.granted.len()) as u64,
            "in flight"
        );
        assert_eq!(seen.queued, model.waiting.len(), "queued");
        assert_eq!(
            [
                seen.granted(),
                seen.rejected(),
                seen.throttled(),
                seen.lost(),
                seen.cooldowns()
            ],
            model.counters
        );
    }
}

/// For callers that look at no instant.
pub(super) fn any_instant(_: u64) -> Instant {
    thread_local!(static ANY: Instant = crate::clock::now());
    ANY.with(|any| *any)
}
