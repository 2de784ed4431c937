//! The shared state and the reservations, compiled a second time against locks, a clock and timers
//! under the control of a scheduler that tries one interleaving after the other.
//!
//! A longer campaign:
//! `INTERLEAVINGS=100000 cargo test --release -p comfycontrol-rate-limit --lib interleavings`

mod caller;
mod clock;
mod explore;
mod keeper;
#[path = "link.rs"]
mod link;
#[path = "reservation.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod reservation;
#[path = "seen.rs"]
mod seen;
#[path = "shared.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod shared;
#[path = "slow_path.rs"]
mod slow_path;
mod sync;
#[path = "timers.rs"]
mod timers;

use std::sync::Arc;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use self::caller::Caller;
use self::explore::{WINDOW, explore, limiter, serve};
use self::shared::Shared;
use crate::admission::Outcome;

#[test]
fn a_slot_given_back_while_others_join_is_not_forgotten() {
    explore(|| {
        let shared = limiter(1);
        let holder = Caller::new(&shared, 0).granted();
        let calls = [0, 1].map(|runtime| Caller::new(&shared, runtime));
        let joining = calls.map(|call| thread::spawn(move || call.poll()));
        drop(holder);
        let calls = joining.map(|thread| thread.join().unwrap());
        // Without any timer: time stands still.
        serve(calls.into(), &shared, &[]);
    });
}

#[test]
fn a_response_while_others_join_starts_the_timers_of_all() {
    for driven in [&[0, 1][..], &[0], &[1]] {
        explore(move || {
            let shared = limiter(1);
            let flight = Caller::new(&shared, 0).granted().dispatched();
            let calls = [0, 0, 1, 1].map(|runtime| Caller::new(&shared, runtime));
            let joining = calls.map(|call| thread::spawn(move || call.poll()));
            flight.settle(Outcome::Responded);
            let calls = joining.map(|thread| thread.join().unwrap());
            serve(calls.into(), &shared, driven);
        });
    }
}

#[test]
fn a_response_while_a_call_joins_one_with_a_timer_sets_that_timer() {
    explore(|| {
        let shared = limiter(1);
        let flight = Caller::new(&shared, 0).granted().dispatched();
        let early = Caller::new(&shared, 0).poll();
        let call = Caller::new(&shared, 0);
        let joining = thread::spawn(move || call.poll());
        flight.settle(Outcome::Responded);
        let joined = joining.join().unwrap();
        serve(vec![early, joined], &shared, &[0]);
    });
}

#[test]
fn timers_that_fire_at_once_while_the_slots_move_stay_set() {
    for driven in [&[0, 1][..], &[0], &[1]] {
        explore(move || {
            let shared = limiter(2);
            let flights = [0, 1].map(|_| Caller::new(&shared, 0).granted().dispatched());
            let [one, other] = flights;
            one.settle(Outcome::Responded);
            let calls = [0, 1, 0, 1].map(|runtime| Caller::new(&shared, runtime).poll());
            clock::advance(WINDOW + 1);
            let firing = [0, 1].map(|runtime| thread::spawn(move || clock::drive(runtime)));
            let leaving = thread::spawn(move || other.settle(Outcome::Lost));
            let [first, rest @ ..] = calls;
            let giving_up = thread::spawn(move || drop(first));
            firing.into_iter().for_each(|thread| thread.join().unwrap());
            leaving.join().unwrap();
            giving_up.join().unwrap();
            serve(rest.into(), &shared, driven);
        });
    }
}

#[test]
fn nobody_is_woken_for_nothing_however_the_timers_of_two_runtimes_ring() {
    explore(|| {
        let shared = limiter(2);
        let flights = [0, 1].map(|_| Caller::new(&shared, 0).granted().dispatched());
        flights
            .into_iter()
            .for_each(|flight| flight.settle(Outcome::Responded));
        let mut calls = Vec::from([0, 1, 0, 1, 0, 1].map(|at| Caller::new(&shared, at).poll()));
        while !calls.is_empty() {
            clock::advance(WINDOW + 1);
            let firing = [0, 1].map(|runtime| thread::spawn(move || clock::drive(runtime)));
            firing.into_iter().for_each(|thread| thread.join().unwrap());
            let (woken, rest): (Vec<_>, Vec<_>) = calls.into_iter().partition(Caller::is_woken);
            assert_eq!(woken.len(), 2);
            calls = rest;
            let serving = woken.into_iter().map(|call| {
                let serve = || call.granted().dispatched().settle(Outcome::Responded);
                thread::spawn(serve)
            });
            let serving: Vec<_> = serving.collect();
            serving
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
        }
    });
}

#[test]
fn a_runtime_that_goes_at_any_moment_leaves_nobody_without_a_timer() {
    explore(|| {
        let shared = limiter(1);
        let flight = Caller::new(&shared, 0).granted().dispatched();
        let early = [0, 1].map(|runtime| Caller::new(&shared, runtime).poll());
        let joining = thread::spawn({
            let call = Caller::new(&shared, 1);
            move || call.poll()
        });
        let going = thread::spawn(|| clock::shut_down(0));
        let responding = thread::spawn(move || flight.settle(Outcome::Responded));
        let mut calls = Vec::from(early);
        calls.push(joining.join().unwrap());
        going.join().unwrap();
        responding.join().unwrap();
        serve(calls, &shared, &[1]);
    });
}

#[test]
fn nobody_is_forgotten_whatever_happens_at_once() {
    explore(|| {
        let limit = thread_rng().gen_range(1..3);
        let shared = limiter(limit);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || chaos(&shared))
            })
            .collect();
        let calls = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        let calls: Vec<_> = calls.collect();
        let driven: &[_] = if clock::is_gone(0) || thread_rng().gen_bool(0.3) {
            &[1]
        } else {
            &[0, 1]
        };
        serve(calls, &shared, driven);
    });
}

/// Does a few things at random; returns which calls wait then.
fn chaos(shared: &Arc<Shared>) -> Vec<Caller> {
    let mut calls = Vec::new();
    for _ in 0..thread_rng().gen_range(1..5) {
        let runtime = thread_rng().gen_range(0..2);
        match thread_rng().gen_range(0..12) {
            0..=4 if !clock::is_gone(runtime) => {
                let call = Caller::new(shared, runtime).poll();
                if call.is_granted && thread_rng().gen_bool(0.7) {
                    let outcomes = [Outcome::Responded, Outcome::Lost, Outcome::Throttled(None)];
                    let outcome = outcomes[thread_rng().gen_range(0..3)];
                    call.dispatched().settle(outcome);
                } else {
                    calls.push(call);
                }
            }
            5 => drop(calls.pop()),
            6 => clock::advance(WINDOW / 2),
            7 | 8 if !clock::is_gone(runtime) => clock::drive(runtime),
            9 if thread_rng().gen_bool(0.2) => clock::shut_down(0),
            10 => clock::inside(runtime, || {
                shared.update(shared.now(), |state, now, effects| {
                    state.set_quota(now, 2, WINDOW, effects);
                });
            }),
            11 => clock::inside(runtime, || {
                shared.update(shared.now(), |state, now, effects| {
                    state.pause(now, now + WINDOW / 2, effects);
                });
            }),
            _ => {}
        }
    }
    calls
}
