//! What is simulated, and what came of it.

use crate::ledger::terms::Broken;

/// What is simulated. All times are microseconds, from and to.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) seconds: u64,
    pub(super) processes: usize,
    pub(super) requests: u32,
    pub(super) window: u64,
    pub(super) response: (u64, u64),
    /// Whether the server counts just before it responds.
    pub(super) counted_last: bool,
    /// To the store and back, for the first half of the processes and the other.
    pub(super) trip: [(u64, u64); 2],
    pub(super) lease: u64,
    pub(super) linger: u64,
    pub(super) presence: bool,
    pub(super) broken: Option<Broken>,
    /// How often something happens.
    pub(super) kill: Option<u64>,
    pub(super) stop: Option<u64>,
    pub(super) step: Option<(u64, i64)>,
    pub(super) lose_record: Option<u64>,
    pub(super) throttle: Option<u64>,
    /// How many of a thousand answers of the store, and of the server, are lost.
    pub(super) lost_answers: u64,
    pub(super) lost_responses: u64,
    pub(super) drift: i64,
    pub(super) wanted: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            seconds: 120,
            processes: 8,
            requests: 40,
            window: 10_000_000,
            response: (40_000, 160_000),
            counted_last: false,
            trip: [(250, 300); 2],
            lease: 10_000_000,
            linger: 3_000_000,
            presence: false,
            broken: None,
            kill: None,
            stop: None,
            step: None,
            lose_record: None,
            throttle: None,
            lost_answers: 0,
            lost_responses: 0,
            drift: 0,
            wanted: 100,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Requests a second, from the third window on.
    pub(super) rate: f64,
    /// The worst estimate, in thousandths.
    pub(super) worst: u64,
    /// What the unluckiest process got of its fair share.
    pub(super) least: f64,
    /// Operations of the store for each grant.
    pub(super) operations: f64,
    /// How many were throttled.
    pub(super) throttled: u64,
    /// How many records were written at most, in bytes.
    pub(super) largest: usize,
}

/// When it begins, so that there is time before.
pub(super) const START: u64 = 1_000_000_000;
