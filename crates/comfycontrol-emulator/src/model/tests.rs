use super::*;
use proptest::prelude::*;

const W: u64 = 1000;

/// The load of a client with this history, from the definition of each algorithm.
fn naive(algorithm: Algorithm, n: u32, log: &[u64], now: u64) -> u128 {
    let window = |t: u64, phase: Duration| (t + W - phase.as_nanos() as u64 % W) / W;
    let counted = |keep: &dyn Fn(u64) -> bool| log.iter().filter(|&&t| keep(t)).count() as u64;
    let load = match algorithm {
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
    fn every_model_has_the_load_its_definition_says(
        which in 0..5usize,
        phase in 0..2 * W,
        n in 1..8u32,
        steps in steps(),
    ) {
        let algorithm = Algorithm::all(Duration::from_nanos(phase))[which];
        let mut model = Model::new(algorithm, n, W);
        let (mut now, mut log) = (0, Vec::new());
        for step in steps {
            now += step;
            let load = model.load(now);
            prop_assert_eq!(load, naive(algorithm, n, &log, now));
            if load <= u128::from(n) * u128::from(W) {
                model.count(now);
                log.push(now);
            }
        }
    }
}

#[test]
fn a_bucket_cannot_owe() {
    let mut bucket = Model::new(Algorithm::TokenBucket, 2, W);
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
