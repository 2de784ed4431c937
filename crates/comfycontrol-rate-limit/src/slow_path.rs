//! What a call does when it finds no free slot, or when its slot is not an ordinary one.
//!
//! A permit and what follows it hand their stage over and take the next one: so the fast way can
//! keep them in registers, as nothing else knows their addresses.

use std::task::{Context, Poll};

use tokio::runtime;
use tokio::time::Instant;

use super::clock;
use super::shared::Shared;
use crate::admission::{DispatchedSlot, Outcome, Standing};
use crate::queue::{Ticket, Waiter};
use crate::stage::Stage;
use crate::{Rejected, report};

/// Gets a slot, or a place in the queue.
#[cold]
pub(crate) fn arrive(
    shared: &Shared,
    stage: &mut Stage,
    cx: &Context<'_>,
    deadline: Option<Instant>,
) -> Poll<Result<(), Rejected>> {
    let now = shared.now();
    let deadline = deadline.map(|at| shared.nanos(at));
    if deadline.is_none_or(|deadline| now <= deadline) {
        let admitted = shared.with(|state| match state.try_admit(now) {
            Some(grant) => Ok(Some(Stage::with(state, now, grant))),
            None => state.reject_when_full(now).map(|()| None),
        })?;
        if let Some(admitted) = admitted {
            *stage = admitted;
            return Poll::Ready(Ok(()));
        }
    }
    let waiter = Waiter::new(cx, clock::runtime());
    let here = waiter.runtime;
    let (ticket, standing) = shared.update(now, |state, now, effects| {
        let ticket = state.enqueue(now, deadline, waiter, effects)?;
        let standing = state.standing(&ticket);
        Ok((ticket, standing))
    })?;
    *stage = Stage::Queued(ticket);
    proceed(shared, standing, here)
}

/// Looks after a queued call, which has no use for a slot before it is `ready`.
#[cold]
pub(crate) fn look(
    shared: &Shared,
    ticket: &Ticket,
    cx: &Context<'_>,
    ready: bool,
) -> Poll<Result<(), Rejected>> {
    if let Standing::Granted = shared.with(|state| state.standing(ticket)) {
        return Poll::Ready(Ok(()));
    }
    let waiter = Waiter::new(cx, clock::runtime());
    let here = waiter.runtime;
    let now = shared.now();
    let standing = shared.update(now, |state, now, effects| {
        state.check(now, ticket, ready, waiter, effects)
    });
    proceed(shared, standing, here)
}

fn proceed(
    shared: &Shared,
    standing: Standing,
    here: Option<runtime::Id>,
) -> Poll<Result<(), Rejected>> {
    match standing {
        Standing::Granted => Poll::Ready(Ok(())),
        Standing::Rejected(error) => {
            report::rejected(&error);
            Poll::Ready(Err(error))
        }
        Standing::Waiting => {
            shared.keep_time(here);
            Poll::Pending
        }
    }
}

/// Puts a slot aside that cannot be used yet, if the call has one.
#[cold]
pub(crate) fn park(shared: &Shared, stage: Stage, deadline: Option<Instant>) -> Stage {
    let now = shared.now();
    let deadline = deadline.map(|at| shared.nanos(at));
    shared.update(now, |state, now, _| match stage {
        Stage::Holding(grant) | Stage::Tracked(grant) => {
            Stage::Queued(state.park(now, &grant, deadline))
        }
        Stage::Held(ticket) => {
            state.park_held(now, &ticket, deadline);
            Stage::Queued(ticket)
        }
        Stage::Idle | Stage::Queued(_) | Stage::InFlight(_) => stage,
    })
}

/// Takes up the slot of a queued call, unless another has it; then it tells since when the call has
/// waited, too. A slot that was taken up goes back if it is too late for it.
#[cold]
pub(crate) fn claim(shared: &Shared, stage: Stage) -> (Stage, Option<u64>) {
    let too_late = shared.is_too_late();
    let Stage::Queued(ticket) = stage else {
        if too_late {
            release(shared, stage);
            return (Stage::Idle, None);
        }
        return (stage, None);
    };
    let claimed = shared.with(|state| {
        let (grant, since) = state.claim(ticket)?;
        Ok((grant, since, state.bounds_hold()))
    });
    let (grant, since, bounds_hold) = match claimed {
        Ok(claimed) => claimed,
        Err(ticket) => return (Stage::Queued(ticket), None),
    };
    let stage = if bounds_hold {
        let now = shared.now();
        shared.update(now, |state, now, _| Stage::with(state, now, grant))
    } else {
        Stage::Tracked(grant)
    };
    (stage, Some(since))
}

/// The slot's stamp is known from now on, which may let others go, or it comes back no more.
#[cold]
pub(crate) fn dispatch(shared: &Shared, stage: Stage) -> Stage {
    if let Stage::Tracked(grant) = stage
        && !shared.bounds_transit()
    {
        return Stage::InFlight(DispatchedSlot::of(grant));
    }
    let now = shared.now();
    shared.update(now, |state, now, effects| {
        let flight = match stage {
            Stage::Holding(grant) | Stage::Tracked(grant) => state.dispatch(now, grant),
            Stage::Held(ticket) => state.dispatch_held(now, ticket),
            Stage::Idle | Stage::Queued(_) | Stage::InFlight(_) => return stage,
        };
        state.run(now, effects);
        Stage::InFlight(flight)
    })
}

/// The request has ended otherwise than with an ordinary response to an ordinary slot.
#[cold]
pub(crate) fn settle(shared: &Shared, stage: Stage, outcome: Outcome) -> Stage {
    let Stage::InFlight(flight) = stage else {
        return stage;
    };
    let now = shared.now();
    let (event, awaited) = shared.with(|state| {
        let event = state.settle(now, &flight, outcome);
        (event, state.is_awaited())
    });
    if awaited {
        shared.run(now);
    }
    if let Some(event) = event {
        report::settled(event);
        shared.tell_keeper();
    }
    Stage::Idle
}

/// Gives up what the call has.
#[cold]
pub(crate) fn release(shared: &Shared, stage: Stage) {
    match stage {
        Stage::Idle => {}
        Stage::Queued(ticket) | Stage::Held(ticket) => {
            shared.update(shared.now(), |state, now, effects| {
                state.leave(now, ticket, effects);
            });
        }
        Stage::Holding(grant) | Stage::Tracked(grant) => {
            shared.update(shared.now(), |state, now, effects| {
                state.cancel(now, &grant, effects);
            });
        }
        Stage::InFlight(_) => _ = settle(shared, stage, Outcome::Lost),
    }
}
