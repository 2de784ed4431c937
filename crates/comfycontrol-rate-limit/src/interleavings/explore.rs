//! Tries many interleavings of a scenario; at the end of each, all calls must be served.

use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

use super::caller::Caller;
use super::clock;
use super::shared::Shared;
use crate::Algorithm;
use crate::account::Account;
use crate::admission::{Admission, Settings};
use crate::classifier::Classifier;
use crate::queue::MAX_UNCLAIMED;

/// As long as a slot waits for its caller.
pub(super) const WINDOW: u64 = MAX_UNCLAIMED;

pub(super) fn limiter(limit: u32) -> Arc<Shared> {
    clock::start();
    let settings = settings();
    let account = Account::new(Algorithm::SlidingLog, limit, WINDOW);
    let state = Admission::new(account, settings);
    Shared::new(state, false, Classifier::default(), None)
}

/// Tries many interleavings, the same ones each time: at random, and by priorities that change a
/// few times.
pub(super) fn explore(scenario: impl Fn() + Clone + Send + Sync + 'static) {
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

/// Lets time pass, runs the `driven` runtimes and polls each woken call, until all calls that can
/// be polled are served. Others' slots go on to the next.
pub(super) fn serve(mut calls: Vec<Caller>, shared: &Arc<Shared>, driven: &[usize]) {
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
    let seen = shared.snapshot();
    assert_eq!((seen.in_flight(), seen.queued()), (0, 0));
}

pub(super) fn settings() -> Settings {
    Settings {
        cooldown: WINDOW,
        cooldown_margin: 0,
        count_lag: 0,
        linger: 0,
        max_cooldown: WINDOW,
        max_hold: None,
        max_queued: usize::MAX,
        max_transit: None,
        max_wait: None,
    }
}
