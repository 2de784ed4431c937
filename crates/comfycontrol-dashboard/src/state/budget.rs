use comfycontrol_rate_limit::{Fleet, Snapshot};
use serde::Serialize;
use tokio::time::Instant;

use super::time::until;

/// The limiter: what may leave now, and what later.
#[derive(Debug, Serialize)]
pub(crate) struct Budget {
    limit: u64,
    free: u64,
    in_flight: u64,
    queued: usize,
    next_slot: Option<u64>,
    paused: Option<u64>,
    granted: u64,
    waited: u64,
    rejected: u64,
    throttled: u64,
    lost: u64,
    cooldowns: u64,
    /// How many could leave together, and when.
    forecast: Vec<(u64, u64)>,
    fleet: Option<Processes>,
}

/// Those that share the budget.
#[derive(Debug, Serialize)]
struct Processes {
    members: usize,
    waiting: usize,
    in_flight: u64,
    /// How long ago that was so.
    seen: u64,
    /// For how long the store has not answered.
    away: Option<u64>,
    is_rejecting: bool,
}

impl Budget {
    /// How many points of the forecast are sent.
    pub(crate) const POINTS: usize = 60;

    pub(crate) fn of(seen: &Snapshot, forecast: &[(u64, Instant)], now: Instant) -> Self {
        let forecast = forecast.iter();
        Self {
            limit: seen.limit(),
            free: seen.free(),
            in_flight: seen.in_flight(),
            queued: seen.queued(),
            next_slot: seen.next_slot().map(|at| until(now, at)),
            paused: seen.paused_until().map(|at| until(now, at)),
            granted: seen.granted(),
            waited: seen.waited(),
            rejected: seen.rejected(),
            throttled: seen.throttled(),
            lost: seen.lost(),
            cooldowns: seen.cooldowns(),
            forecast: forecast.map(|(n, at)| (*n, until(now, *at))).collect(),
            fleet: seen.fleet().map(|fleet| Processes::of(fleet, now)),
        }
    }
}

impl Processes {
    fn of(fleet: &Fleet, now: Instant) -> Self {
        Self {
            members: fleet.members(),
            waiting: fleet.waiting(),
            in_flight: fleet.in_flight(),
            seen: until(fleet.seen_at(), now),
            away: fleet.away_since().map(|since| until(since, now)),
            is_rejecting: fleet.rejects().is_some(),
        }
    }
}
