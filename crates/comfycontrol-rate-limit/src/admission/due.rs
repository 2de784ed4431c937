//! What falls due: grants, and slots that were granted and not used.

use super::effects::Effects;
use super::slots::Slots;
use crate::epoch::NEVER;
use crate::queue::Queue;

/// Takes back a slot that no call has come for in time; returns whether there was one.
pub(super) fn lapse_unclaimed(slots: &mut Slots, queue: &mut Queue, now: u64) -> bool {
    let due = queue.first_unclaimed_lapse().is_some_and(|at| at <= now);
    if due {
        let probe = queue.lapse_first_unclaimed();
        slots.give_back(probe);
    }
    due
}

/// Takes those back that were taken up and not used in time; returns whether there were any.
pub(super) fn lapse_held(slots: &mut Slots, queue: &mut Queue, now: u64) -> bool {
    let mut any = false;
    while queue.first_hold_lapse().is_some_and(|at| at <= now) {
        let probe = queue.lapse_first_hold();
        slots.give_back(probe);
        any = true;
    }
    any
}

/// Grants all slots that may be granted to waiting calls; returns when the next one is, if that is
/// known and a call waits for it.
pub(super) fn grants(
    slots: &mut Slots,
    queue: &mut Queue,
    now: u64,
    effects: &mut Effects,
) -> Option<u64> {
    let mut granted = 0;
    let mut next_grant = None;
    while !queue.is_empty() {
        if lapse_unclaimed(slots, queue, now) {
            continue;
        }
        lapse_held(slots, queue, now);
        match slots.may_grant(now) {
            Ok(as_probe) => {
                let grant = slots.grant(now, as_probe);
                let waker = queue.grant_first(now, grant.probe);
                effects.wake(waker);
                granted += 1;
            }
            Err(next) => {
                next_grant = next;
                break;
            }
        }
    }
    slots.note(now, granted, !queue.is_empty());
    next_grant
}

/// When something falls due next, with the next grant at `next_grant`.
pub(super) fn next(slots: &mut Slots, queue: &Queue, now: u64, next_grant: Option<u64>) -> u64 {
    let mut due = [queue.first_deadline(), None, None];
    if !queue.is_empty() {
        due[1] = slots.retry_at(now, next_grant);
        due[2] = queue.first_lapse();
    }
    due.into_iter().flatten().min().unwrap_or(NEVER)
}
