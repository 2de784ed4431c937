//! What can be seen from outside.

use tokio::time::Instant;

use super::counters::Counters;
use super::slots::Slots;
use super::{Admission, due};
use crate::queue::Queue;
use crate::snapshot::{Fleet, Snapshot};

impl Admission {
    /// All at `now`; `instant` turns our time into the public one.
    pub(crate) fn snapshot(&mut self, now: u64, instant: impl Fn(u64) -> Instant) -> Snapshot {
        due::lapse_held(&mut self.slots, &mut self.queue, now);
        snapshot(&mut self.slots, &self.queue, self.counters, now, instant)
    }

    /// When how many requests could leave together, with at most about `points` numbers of
    /// requests.
    pub(crate) fn forecast(&mut self, now: u64, points: usize) -> Vec<(u64, u64)> {
        forecast(&mut self.slots, now, points)
    }
}

fn snapshot(
    slots: &mut Slots,
    queue: &Queue,
    counters: Counters,
    now: u64,
    instant: impl Fn(u64) -> Instant,
) -> Snapshot {
    if slots.desk().is_some() {
        return shared(slots, queue, counters, now, instant);
    }
    let next = slots.may_grant(now);
    let open = next.is_ok() && queue.is_empty();
    Snapshot {
        limit: slots.limit(),
        free: match next {
            Ok(true) if open => 1, // the probe goes alone
            Ok(false) if open => slots.free(now),
            _ => 0,
        },
        in_flight: slots.outstanding(),
        queued: queue.len(),
        next_slot: match next {
            Ok(_) => Some(instant(now)),
            Err(next) => next.or(queue.first_hold_lapse()).map(&instant),
        },
        paused_until: slots.closed_until(now).map(instant),
        granted: slots.granted(),
        counters,
        fleet: None,
    }
}

fn forecast(slots: &mut Slots, now: u64, points: usize) -> Vec<(u64, u64)> {
    if slots.desk().is_some() {
        return Vec::new();
    }
    let open = slots.closed_until(now).unwrap_or(now);
    let step = slots.limit().div_ceil(points.max(1) as u64) as usize;
    let numbers = (1..=slots.limit()).rev().step_by(step.max(1));
    let mut forecast: Vec<_> = numbers
        .filter_map(|number| Some((number, slots.earliest_for(now, number)?.max(open))))
        .collect();
    forecast.reverse();
    forecast
}

/// The same of a budget that is shared, as it was read last.
fn shared(
    slots: &mut Slots,
    queue: &Queue,
    counters: Counters,
    now: u64,
    instant: impl Fn(u64) -> Instant,
) -> Snapshot {
    let view = slots.desk().map(|desk| desk.view).unwrap_or_default();
    let closed = slots.closed_until(now).unwrap_or(0).max(view.closed_until);
    let is_open = closed <= now && queue.is_empty();
    let here = slots.free(now);
    let paused_until = (closed > now).then(|| instant(closed));
    Snapshot {
        limit: slots.limit(),
        free: if is_open { here + view.free } else { 0 },
        in_flight: slots.outstanding(),
        queued: queue.len(),
        next_slot: match view.next {
            Some(next) => Some(instant(next.max(now))),
            None if is_open && here + view.free > 0 => Some(instant(now)),
            None => None,
        },
        paused_until,
        granted: slots.granted(),
        counters,
        fleet: Some(Fleet {
            members: view.members,
            waiting: view.waiting,
            in_flight: view.unstamped,
            free: view.free,
            paused_until,
            seen_at: instant(view.at),
            away_since: slots.desk().and_then(|desk| desk.away_since).map(&instant),
            rejects: slots.closed(),
        }),
    }
}
