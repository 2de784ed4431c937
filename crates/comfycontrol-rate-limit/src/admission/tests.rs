//! The admission against a naive model of itself, driven as the shell drives it: [`Admission::run`] at
//! every alarm, nothing else by itself.
//!
//! A longer campaign:
//! `PROPTEST_CASES=1000000 cargo test --release -p comfycontrol-rate-limit --lib agrees_with_the_naive_model`

mod caller;
mod driver;
mod model;

use proptest::prelude::*;

use self::driver::{Driver, Op};
use self::model::Knobs;
use super::{Flight, Outcome};
use crate::Window;

/// Long against a nanosecond, short against the second that a slot waits for its caller.
const UNIT: u64 = 100_000_000;

/// Calls are numbered in arrival order.
type Id = usize;

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
        rule in prop_oneof![Just(Window::AnyPhase), Just(Window::Sliding)],
        n in 1_u32..5,
        ops in prop::collection::vec((prop_oneof![
            3 => Just(Late::Try),
            3 => (0_usize..4).prop_map(Late::Settle),
            3 => (0_u64..12).prop_map(Late::Pass),
        ], 0_u64..6), 1..100),
    ) {
        let w = 10;
        let mut real = Driver::new(rule, n, w, PLAIN).real;
        let (mut now, mut flights, mut counted) = (1_000, Vec::new(), Vec::new());
        for (op, stale) in ops {
            match op {
                Late::Try => if let Some(grant) = real.try_admit(now - stale) {
                    flights.push((Flight::of(grant), now));
                },
                Late::Settle(i) if !flights.is_empty() => {
                    let (flight, left) = flights.remove(i % flights.len());
                    // The answer had come when the clock was read.
                    let read = (now - stale).max(left);
                    real.settle(read, &flight, Outcome::Answered);
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

const PLAIN: Knobs = Knobs {
    cooldown: 0,
    margin: 0,
    max_cooldown: 0,
    lag: 0,
    linger: 0,
    transit: None,
    max_queued: usize::MAX,
    max_wait: None,
};

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
        1 => (units(0..20), prop::option::weighted(0.3, units(0..60)))
            .prop_map(|(late, deadline)| Op::ArriveLate { late, deadline }),
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
