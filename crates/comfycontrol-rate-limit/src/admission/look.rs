//! What can be seen from outside.

use tokio::time::Instant;

use super::counters::Counters;
use super::slots::Slots;
use crate::account::Account;
use crate::queue::Queue;
use crate::snapshot::Snapshot;

/// All at `now`; `instant` turns our time into the public one.
pub(super) fn snapshot(
    slots: &mut Slots,
    queue: &Queue,
    counters: Counters,
    now: u64,
    instant: impl Fn(u64) -> Instant,
) -> Snapshot {
    let next = slots.may_grant(now, Account::check);
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
    }
}
