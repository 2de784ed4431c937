//! What may happen to an admission, and under which settings: all of it made up at random.

use std::ops::Range;

use proptest::prelude::*;

use crate::admission::Settings;

/// Long against a nanosecond, short against the second that a slot waits for its caller.
pub(super) const UNIT: u64 = 100_000_000;

/// Calls are picked by a number, modulo those that fit.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// A call comes, with a deadline or not; if it is served at once, is the service below ready?
    Arrive {
        deadline: Option<u64>,
        ready: bool,
    },
    /// A call comes before the timer, which is late by that much.
    ArriveLate {
        late: u64,
        deadline: Option<u64>,
    },
    /// A queued call is polled while the service below is not ready.
    Check(usize),
    /// A queued call is polled and takes its slot, if it has one.
    Claim(usize),
    Dispatch(usize),
    Respond(usize),
    /// A 429 arrives, perhaps with a `Retry-After`.
    Throttle(usize, Option<u64>),
    Drop(usize),
    Pass(u64),
    /// Time passes until just when something is due.
    PassToAlarm,
    Pause(u64),
    SetQuota(u32, u64),
    WakeAll,
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    let who = || 0_usize..8;
    let units = |range: Range<u64>| range.prop_map(|units| units * UNIT);
    prop_oneof![
        8 => (prop::option::weighted(0.3, units(0..60)), prop::bool::weighted(0.8))
            .prop_map(|(deadline, ready)| Operation::Arrive { deadline, ready }),
        1 => (units(0..20), prop::option::weighted(0.3, units(0..60)))
            .prop_map(|(late, deadline)| Operation::ArriveLate { late, deadline }),
        2 => who().prop_map(Operation::Check),
        6 => who().prop_map(Operation::Claim),
        6 => who().prop_map(Operation::Dispatch),
        5 => who().prop_map(Operation::Respond),
        1 => (who(), prop::option::of(units(0..80)))
            .prop_map(|(i, asked)| Operation::Throttle(i, asked)),
        2 => who().prop_map(Operation::Drop),
        3 => units(0..15).prop_map(Operation::Pass),
        1 => (0_u64..3 * UNIT).prop_map(Operation::Pass),
        5 => Just(Operation::PassToAlarm),
        1 => units(0..30).prop_map(Operation::Pause),
        1 => (1_u32..6, units(5..40)).prop_map(|(n, w)| Operation::SetQuota(n, w)),
        1 => (1_u32..6, units(1..400)).prop_map(|(n, w)| Operation::SetQuota(n, w)),
        1 => Just(Operation::WakeAll),
    ]
}

pub(super) fn settings() -> impl Strategy<Value = Settings> {
    let few = |max: u64| (0..=max).prop_map(|units| units * UNIT);
    (
        (few(30), few(3), few(60)),
        prop_oneof![Just(0), few(3)],
        few(5),
        prop::option::weighted(0.3, few(20)),
        prop_oneof![3 => Just(usize::MAX), 1 => 0_usize..4],
        (
            prop::option::weighted(0.3, few(60)),
            prop::option::weighted(0.2, few(20)),
        ),
    )
        .prop_map(
            |(cooldown, count_lag, linger, max_transit, max_queued, most)| {
                let (max_wait, max_hold) = most;
                let (cooldown, cooldown_margin, max_cooldown) = cooldown;
                Settings {
                    cooldown,
                    cooldown_margin,
                    count_lag,
                    linger,
                    max_cooldown,
                    max_hold,
                    max_queued,
                    max_transit,
                    max_wait,
                }
            },
        )
}
