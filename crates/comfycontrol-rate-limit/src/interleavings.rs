//! The shared state and the turns, compiled a second time against locks, a clock and timers under the
//! control of a scheduler that tries one interleaving after the other.
//!
//! A longer campaign:
//! `INTERLEAVINGS=100000 cargo test --release -p comfycontrol-rate-limit --lib interleavings`

mod clock;
#[path = "shared.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod shared;
mod sync;
#[path = "turn.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod turn;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, thread};

use self::shared::Shared;
use self::turn::Turn;
use crate::admission::{Admission, Outcome, Settings};
use crate::window::Account;
use crate::{Snapshot, Window};

/// As long as a slot waits for its caller.
const WINDOW: u64 = 1_000_000_000;

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
fn an_answer_while_others_join_starts_the_timers_of_all() {
    for driven in [&[0, 1][..], &[0], &[1]] {
        explore(move || {
            let shared = limiter(1);
            let flight = Caller::new(&shared, 0).granted().dispatched();
            let calls = [0, 0, 1, 1].map(|runtime| Caller::new(&shared, runtime));
            let joining = calls.map(|call| thread::spawn(move || call.poll()));
            flight.settle(Outcome::Answered);
            let calls = joining.map(|thread| thread.join().unwrap());
            serve(calls.into(), &shared, driven);
        });
    }
}

#[test]
fn timers_that_ring_at_once_while_the_slots_move_stay_set() {
    for driven in [&[0, 1][..], &[0], &[1]] {
        explore(move || {
            let shared = limiter(2);
            let flights = [0, 1].map(|_| Caller::new(&shared, 0).granted().dispatched());
            let [one, other] = flights;
            one.settle(Outcome::Answered);
            let calls = [0, 1, 0, 1].map(|runtime| Caller::new(&shared, runtime).poll());
            clock::advance(WINDOW + 1);
            let ringing = [0, 1].map(|runtime| thread::spawn(move || clock::drive(runtime)));
            let leaving = thread::spawn(move || other.settle(Outcome::Lost));
            let [first, rest @ ..] = calls;
            let giving_up = thread::spawn(move || drop(first));
            ringing
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
            leaving.join().unwrap();
            giving_up.join().unwrap();
            serve(rest.into(), &shared, driven);
        });
    }
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
        let answered = thread::spawn(move || flight.settle(Outcome::Answered));
        let mut calls = Vec::from(early);
        calls.push(joining.join().unwrap());
        going.join().unwrap();
        answered.join().unwrap();
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

/// Does a few things at random; returns who waits then.
fn chaos(shared: &Arc<Shared>) -> Vec<Caller> {
    let mut calls = Vec::new();
    for _ in 0..thread_rng().gen_range(1..5) {
        let runtime = thread_rng().gen_range(0..2);
        match thread_rng().gen_range(0..12) {
            0..=4 if !clock::is_gone(runtime) => {
                let call = Caller::new(shared, runtime).poll();
                if call.is_granted && thread_rng().gen_bool(0.7) {
                    let outcomes = [Outcome::Answered, Outcome::Lost, Outcome::Refused(None)];
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
                shared.act(shared.now(), |state, now, effects| {
                    state.retune(now, 2, WINDOW, effects);
                });
            }),
            11 => clock::inside(runtime, || {
                shared.act(shared.now(), |state, now, effects| {
                    state.hold(now, now + WINDOW / 2, effects);
                });
            }),
            _ => {}
        }
    }
    calls
}

/// Time passes, the `driven` runtimes run, whoever was woken is polled: until everybody who can be
/// polled was served. Others' slots go on to the next.
fn serve(mut calls: Vec<Caller>, shared: &Arc<Shared>, driven: &[usize]) {
    let counts = |call: &Caller| driven.is_empty() || driven.contains(&call.home());
    for _ in 0..100 {
        let ready = |call: &Caller| call.is_granted || (call.is_woken() && counts(call));
        while let Some(index) = calls.iter().position(ready) {
            let mut call = calls.swap_remove(index);
            if !call.is_granted {
                call = call.poll();
            }
            if !call.is_granted {
                calls.push(call); // woken for another reason
            }
        }
        if !calls.iter().any(counts) {
            break;
        }
        if !driven.is_empty() {
            clock::advance(WINDOW / 2);
        }
        driven.iter().copied().for_each(clock::drive);
    }
    let forgotten = calls.iter().filter(|call| counts(call)).count();
    assert_eq!(forgotten, 0, "wait for ever, with {driven:?} driven");
    drop(calls);
    clock::advance(100 * WINDOW);
    let now = shared.now();
    let seen = shared.with(|state| state.snapshot(now, |at| shared.instant(at)));
    assert_eq!((seen.in_flight(), seen.queued()), (0, 0));
}

/// One call and the runtime whose task it belongs to.
struct Caller {
    shared: Arc<Shared>,
    turn: Turn,
    runtime: usize,
    woken: Arc<Flag>,
    is_granted: bool,
}

impl Caller {
    fn new(shared: &Arc<Shared>, runtime: usize) -> Self {
        Self {
            shared: shared.clone(),
            turn: Turn::new(shared.clone()),
            runtime,
            woken: Arc::default(),
            is_granted: false,
        }
    }

    fn seen(&self) -> Snapshot {
        let now = self.shared.now();
        self.shared
            .with(|state| state.snapshot(now, |at| self.shared.instant(at)))
    }

    /// Where it is polled: elsewhere if its own runtime has gone.
    fn home(&self) -> usize {
        if clock::is_gone(self.runtime) {
            1 - self.runtime
        } else {
            self.runtime
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }

    fn poll(mut self) -> Self {
        let home = self.home();
        let _running = clock::enter(home);
        self.woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.woken.clone());
        while let Poll::Ready(admitted) = self.turn.poll(&Context::from_waker(&waker), None) {
            admitted.unwrap();
            if self.turn.claim() {
                self.is_granted = true;
                let seen = self.seen();
                assert!(seen.in_flight() <= seen.limit(), "granted twice");
                break;
            }
        }
        self
    }

    fn granted(self) -> Self {
        let granted = self.poll();
        assert!(granted.is_granted);
        granted
    }

    fn dispatched(mut self) -> Self {
        self.turn.dispatch();
        self
    }

    fn settle(mut self, outcome: Outcome) {
        self.turn.settle(outcome);
    }
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn limiter(limit: u32) -> Arc<Shared> {
    clock::start();
    let settings = Settings {
        cooldown: WINDOW,
        cooldown_margin: 0,
        count_lag: 0,
        linger: 0,
        max_cooldown: WINDOW,
        max_queued: usize::MAX,
        max_transit: None,
        max_wait: None,
    };
    let account = Account::new(Window::Sliding, limit, WINDOW);
    Shared::new(Admission::new(account, settings), false, None)
}

/// Tries many interleavings, the same ones each time: at random, and by priorities that change a few
/// times.
fn explore(scenario: impl Fn() + Clone + Send + Sync + 'static) {
    clock::prepare();
    let iterations = std::env::var("INTERLEAVINGS")
        .ok()
        .and_then(|number| number.parse().ok());
    let iterations = iterations.unwrap_or(100);
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    Runner::new(
        RandomScheduler::new_from_seed(1, iterations),
        config.clone(),
    )
    .run(scenario.clone());
    Runner::new(PctScheduler::new_from_seed(1, 3, iterations), config).run(scenario);
}
