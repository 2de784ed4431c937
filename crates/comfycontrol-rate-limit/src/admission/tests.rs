//! The admission against a naive model of itself, driven as the shell drives it: [`Admission::run`]
//! at every alarm, nothing else by itself.
//!
//! A longer campaign: `PROPTEST_CASES=1000000 cargo test --release -p comfycontrol-rate-limit --lib
//! agrees_with_the_naive_model`

mod caller;
mod driver;
mod model;
mod operations;
mod pair;
mod server_log;

use proptest::prelude::*;

use self::driver::Driver;
use self::operations::{UNIT, operation, settings};
use super::*;
use crate::Algorithm;

proptest! {
    /// Never above the rule and never later than it allows, in arrival order, to the nanosecond;
    /// nothing leaked, nothing minted, deadlines kept, one probe at a time.
    #[test]
    fn agrees_with_the_naive_model(
        algorithm in prop_oneof![Just(Algorithm::Strict), Just(Algorithm::SlidingLog)],
        n in 1_u32..6, w in 5_u64..40, settings in settings(),
        operations in prop::collection::vec(operation(), 1..80),
    ) {
        let mut driver = Driver::new(algorithm, n, w * UNIT, settings);
        operations.iter().for_each(|operation| driver.apply(operation));
        driver.wind_up();
    }
}

#[derive(Clone, Debug)]
enum Late {
    Try,
    Settle(usize),
    Pass(u64),
}

proptest! {
    /// Clocks are read before the lock is taken: by then others may have come with a later time.
    #[test]
    fn a_stale_clock_admits_nothing_early(
        algorithm in prop_oneof![Just(Algorithm::Strict), Just(Algorithm::SlidingLog)],
        n in 1_u32..5,
        ops in prop::collection::vec((prop_oneof![
            3 => Just(Late::Try),
            3 => (0_usize..4).prop_map(Late::Settle),
            3 => (0_u64..12).prop_map(Late::Pass),
        ], 0_u64..6), 1..100),
    ) {
        let w = 10;
        let mut real = Admission::new(Account::new(algorithm, n, w), PLAIN);
        let (mut now, mut flights, mut counted) = (1_000, Vec::new(), Vec::new());
        for (op, stale) in ops {
            match op {
                Late::Try => if let Some(grant) = real.try_admit(now - stale) {
                    flights.push((DispatchedSlot::of(grant), now));
                },
                Late::Settle(i) if !flights.is_empty() => {
                    let (flight, left) = flights.remove(i % flights.len());
                    // The response had come when the clock was read.
                    let read = (now - stale).max(left);
                    real.settle(read, &flight, Outcome::Responded);
                    counted.push((left, read));
                }
                Late::Settle(_) => {}
                Late::Pass(time) => now += time,
            }
        }
        for late in [false, true] {
            let log: Vec<u64> = counted.iter().map(|c| if late { c.1 } else { c.0 }).collect();
            for at in &log {
                let window = log.iter().filter(|other| (at - w..=*at).contains(other));
                prop_assert!(window.count() <= n as usize);
            }
        }
    }
}

const PLAIN: Settings = Settings {
    cooldown: 0,
    cooldown_margin: 0,
    count_lag: 0,
    linger: 0,
    max_cooldown: 0,
    max_hold: None,
    max_queued: usize::MAX,
    max_transit: None,
    max_wait: None,
};
