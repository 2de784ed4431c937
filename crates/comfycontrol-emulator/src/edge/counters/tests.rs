//! Every counter against its definition.

use std::time::Duration;

use proptest::prelude::*;

use super::counter::Counter;
use super::sliding_log::SlidingLog;
use crate::Algorithm;

const W: u64 = 1000;

/// The load of a client with this history, from the definition of each algorithm.
fn naive(algorithm: Algorithm, n: u32, log: &[u64], now: u64) -> u128 {
    let window = |t: u64, phase: Duration| (t + W - phase.as_nanos() as u64 % W) / W;
    let counted = |keep: &dyn Fn(u64) -> bool| log.iter().filter(|&&t| keep(t)).count() as u64;
    let load = match algorithm {
        // The weight of the previous window, step by step.
        Algorithm::CoarseCounter { phase, step } => {
            let step = step.as_nanos() as u64;
            let elapsed = (now + W - phase.as_nanos() as u64 % W) % W;
            let seen = (0..W).take_while(|&seen| seen <= elapsed);
            let seen = seen.filter(|seen| step == 0 || seen % step == 0).last();
            let current = counted(&|t| window(t, phase) == window(now, phase));
            let previous = counted(&|t| window(t, phase) + 1 == window(now, phase));
            previous * (W - seen.unwrap()) + (current + 1) * W
        }
        Algorithm::FixedWindow { phase } => {
            (counted(&|t| window(t, phase) == window(now, phase)) + 1) * W
        }
        Algorithm::SlidingCounter { phase } => {
            let elapsed = (now + W - phase.as_nanos() as u64 % W) % W;
            let current = counted(&|t| window(t, phase) == window(now, phase));
            let previous = counted(&|t| window(t, phase) + 1 == window(now, phase));
            previous * (W - elapsed) + (current + 1) * W
        }
        Algorithm::SlidingLog => (counted(&|t| now - t < W) + 1) * W,
        // Every request with the part of its sub-window that began at most a window ago.
        Algorithm::SubWindows { phase, count } => {
            let count = u64::from(count.max(1));
            let length = W.div_ceil(count);
            let first = (count + 1) * length - phase.as_nanos() as u64 % length;
            let shifted = |t: u64| t + first;
            let begin = |t: u64| shifted(t) - shifted(t) % length;
            let ends = shifted(now) - count * length;
            let part = |t: u64| (begin(t) + length).saturating_sub(ends).min(length);
            let parts: u64 = log.iter().map(|&t| part(t)).sum();
            (parts * W).div_ceil(length) + W
        }
        // The fullest bucket that any moment since could have left behind.
        Algorithm::TokenBucket => {
            let left = |i: usize| {
                let poured = (log.len() - i) as u64 * W;
                poured.saturating_sub(u64::from(n) * (now - log[i]))
            };
            (0..log.len()).map(left).max().unwrap_or(0) + W
        }
        Algorithm::WindowFromFirst => {
            let mut window = (0, 0);
            for &t in log {
                window = if window.1 > 0 && t - window.0 < W {
                    (window.0, window.1 + 1)
                } else {
                    (t, 1)
                };
            }
            if window.1 > 0 && now - window.0 < W {
                (window.1 + 1) * W
            } else {
                W
            }
        }
    };
    u128::from(load)
}

fn steps() -> impl Strategy<Value = Vec<u64>> {
    // Zeros, small steps, and steps about a window long, so that edges are hit exactly.
    prop::collection::vec(
        prop_oneof![Just(0), 1..300u64, W - 1..=W + 1, W..4 * W],
        1..80,
    )
}

proptest! {
    #[test]
    fn every_counter_has_the_load_its_definition_says(
        which in 0..8usize,
        phase in 0..2 * W,
        step in prop_oneof![Just(0), 1..W / 2, W - 1..2 * W],
        count in 0..12u32,
        n in 1..8u32,
        steps in steps(),
    ) {
        let phase = Duration::from_nanos(phase);
        let algorithm = match which {
            0 => Algorithm::CoarseCounter { phase, step: Duration::from_nanos(step) },
            7 => Algorithm::SubWindows { phase, count },
            which => Algorithm::all(phase)[which],
        };
        let mut counter = Counter::new(algorithm, n, W);
        let (mut now, mut log) = (0, Vec::new());
        for step in steps {
            now += step;
            let load = counter.load(now);
            prop_assert_eq!(load, naive(algorithm, n, &log, now));
            if load <= u128::from(n) * u128::from(W) {
                counter.count(now);
                log.push(now);
            }
        }
    }
}

/// No step and one sub-window make the plain counter, whatever it has seen.
#[test]
fn the_finest_step_and_a_single_sub_window_are_the_sliding_counter() {
    let phase = Duration::from_nanos(W / 3);
    let algorithms = [
        Algorithm::SlidingCounter { phase },
        Algorithm::CoarseCounter {
            phase,
            step: Duration::ZERO,
        },
        Algorithm::SubWindows { phase, count: 1 },
    ];
    let mut counters = algorithms.map(|algorithm| Counter::new(algorithm, 3, W));
    for now in (0..10 * W).step_by(37) {
        let [plain, coarse, single] = counters.each_mut().map(|counter| counter.load(now));
        assert_eq!([coarse, single], [plain; 2], "at {now}");
        for counter in &mut counters {
            counter.count(now);
        }
    }
}

#[test]
fn a_coarse_counter_weighs_the_previous_window_as_at_the_last_step() {
    let (phase, step) = (Duration::ZERO, Duration::from_nanos(W / 10));
    let mut counter = Counter::new(Algorithm::CoarseCounter { phase, step }, 40, W);
    for _ in 0..40 {
        counter.count(0);
    }
    let load = |requests: u64| u128::from(requests * W);
    assert_eq!(counter.load(W + W / 10 - 1), load(41));
    assert_eq!(counter.load(W + W / 10), load(37));
    assert_eq!(counter.load(2 * W - 1), load(5));
    assert_eq!(counter.load(2 * W), load(1));
}

#[test]
fn three_sub_windows_keep_a_request_for_up_to_a_window_and_a_third() {
    let w = 3 * W;
    let phase = Duration::ZERO;
    let mut counter = Counter::new(Algorithm::SubWindows { phase, count: 3 }, 40, w);
    for _ in 0..30 {
        counter.count(W - 1);
    }
    let load = |requests: u64| u128::from(requests * w);
    assert_eq!(counter.load(3 * W), load(31));
    assert_eq!(counter.load(3 * W + W / 2), load(16));
    assert_eq!(counter.load(4 * W - W / 10), load(4));
    assert_eq!(counter.load(4 * W), load(1));
}

#[test]
fn sub_windows_that_do_not_divide_the_window_are_rounded_up() {
    let phase = Duration::ZERO;
    let mut counter = Counter::new(Algorithm::SubWindows { phase, count: 3 }, 40, 10);
    counter.count(0);
    // Four nanoseconds each: the first still overlaps by one quarter.
    assert_eq!(counter.load(15), 3 + 10);
    assert_eq!(counter.load(16), 10);
}

#[test]
fn a_bucket_cannot_owe() {
    let mut bucket = Counter::new(Algorithm::TokenBucket, 2, W);
    for _ in 0..100 {
        bucket.count(0);
    }
    assert_eq!(bucket.load(W / 2), u128::from(2 * W));
}

#[test]
fn a_log_keeps_no_more_than_a_window() {
    let mut log = SlidingLog::new(W);
    for now in 0..10 * W {
        log.count(now);
    }
    assert_eq!(log.load(10 * W), u128::from(W) * u128::from(W));
}
