//! One call's way to its slot and back. Wherever it is dropped, it is accounted for.

use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::clock;
use super::shared::Shared;
use crate::admission::{Admission, DispatchedSlot, Outcome, Standing};
use crate::queue::Waiter;
use crate::stage::Stage;
use crate::{Rejected, Tracker, report};

/// One call's claim on the limiter: a place in the queue, then a slot.
#[derive(Debug)]
pub(crate) struct Reservation {
    shared: Arc<Shared>,
    stage: Stage,
}

// It is moved at every step of a call.
const _: () = assert!(size_of::<Reservation>() <= 32);

impl Reservation {
    #[inline]
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            stage: Stage::Idle,
        }
    }

    /// Waits for a slot, no longer than until `deadline`.
    ///
    /// # Panics
    ///
    /// When it must wait outside a tokio runtime with time enabled, or in one that was shut down.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        cx: &Context<'_>,
        deadline: Option<Instant>,
    ) -> Poll<Result<(), Rejected>> {
        match &self.stage {
            Stage::Idle => {
                if deadline.is_none()
                    && let Some(grant) = self.shared.with(Admission::try_admit_at_any_time)
                {
                    self.stage = Stage::Holding(grant);
                    return Poll::Ready(Ok(()));
                }
                self.try_now(cx, deadline)
            }
            Stage::Queued(_) => self.check(cx),
            Stage::Holding(_) | Stage::Tracked(_) | Stage::Held(_) | Stage::InFlight(_) => {
                Poll::Ready(Ok(()))
            }
        }
    }

    #[cold]
    fn try_now(
        &mut self,
        cx: &Context<'_>,
        deadline: Option<Instant>,
    ) -> Poll<Result<(), Rejected>> {
        let now = self.shared.now();
        let deadline = deadline.map(|at| self.shared.nanos(at));
        if deadline.is_none_or(|deadline| now <= deadline) {
            let stage = self.shared.with(|state| match state.try_admit(now) {
                Some(grant) => Ok(Some(Stage::with(state, now, grant))),
                None => state.reject_when_full(now).map(|()| None),
            })?;
            if let Some(stage) = stage {
                self.stage = stage;
                return Poll::Ready(Ok(()));
            }
        }
        self.join(cx, now, deadline)
    }

    fn join(
        &mut self,
        cx: &Context<'_>,
        now: u64,
        deadline: Option<u64>,
    ) -> Poll<Result<(), Rejected>> {
        let waiter = Waiter::new(cx, clock::runtime());
        let (ticket, standing) = self.shared.update(now, |state, now, effects| {
            let ticket = state.enqueue(now, deadline, waiter, effects)?;
            let standing = state.standing(&ticket);
            Ok((ticket, standing))
        })?;
        self.stage = Stage::Queued(ticket);
        self.proceed(standing)
    }

    #[cold]
    fn check(&self, cx: &Context<'_>) -> Poll<Result<(), Rejected>> {
        let Stage::Queued(ticket) = &self.stage else {
            return Poll::Pending;
        };
        let waiter = Waiter::new(cx, clock::runtime());
        let now = self.shared.now();
        let standing = self.shared.update(now, |state, now, effects| {
            state.check(now, ticket, true, waiter, effects)
        });
        self.proceed(standing)
    }

    fn proceed(&self, standing: Standing) -> Poll<Result<(), Rejected>> {
        match standing {
            Standing::Granted => Poll::Ready(Ok(())),
            Standing::Rejected(error) => {
                report::rejected(&error);
                Poll::Ready(Err(error))
            }
            Standing::Waiting => {
                self.shared.keep_time();
                Poll::Pending
            }
        }
    }

    /// Puts a slot aside that cannot be used yet: others may have it. Then the call has no use for
    /// another before it is ready, and waits no longer than until `deadline`.
    ///
    /// # Panics
    ///
    /// As [`poll`](Self::poll).
    #[cold]
    pub(crate) fn park(
        &mut self,
        cx: &Context<'_>,
        deadline: Option<Instant>,
    ) -> Result<(), Rejected> {
        let now = self.shared.now();
        if let Stage::Queued(ticket) = &self.stage {
            let waiter = Waiter::new(cx, clock::runtime());
            let standing = self.shared.update(now, |state, now, effects| {
                state.check(now, ticket, false, waiter, effects)
            });
            return match self.proceed(standing) {
                Poll::Ready(Err(error)) => Err(error),
                Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
            };
        }
        let deadline = deadline.map(|at| self.shared.nanos(at));
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        self.stage = self.shared.update(now, |state, now, _| match stage {
            Stage::Holding(grant) | Stage::Tracked(grant) => {
                Stage::Queued(state.park(now, &grant, deadline))
            }
            Stage::Held(ticket) => {
                state.park_held(now, &ticket, deadline);
                Stage::Queued(ticket)
            }
            Stage::Idle | Stage::Queued(_) | Stage::InFlight(_) => stage,
        });
        Ok(())
    }

    /// Takes up the slot, unless another has it; then [`poll`](Self::poll) waits at the head.
    #[inline]
    pub(crate) fn claim(&mut self) -> bool {
        if let Stage::Holding(_) = self.stage {
            return true;
        }
        self.claim_queued()
    }

    #[cold]
    fn claim_queued(&mut self) -> bool {
        let too_late = self.shared.is_too_late();
        let ticket = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Queued(ticket) => ticket,
            stage => {
                self.stage = stage;
                too_late.then(|| self.release());
                return matches!(self.stage, Stage::Held(_) | Stage::Tracked(_));
            }
        };
        let now = self.shared.now();
        let claimed = self.shared.update(now, |state, now, _| {
            let (grant, since) = state.claim(ticket)?;
            Ok((Stage::with(state, now, grant), since))
        });
        let is_claimed = claimed.is_ok();
        self.stage = match claimed {
            Ok((stage, since)) => {
                report::admitted(now.saturating_sub(since));
                stage
            }
            Err(ticket) => Stage::Queued(ticket),
        };
        is_claimed
    }

    /// The request leaves with the claimed slot; returns whether it may be tracked.
    #[inline]
    pub(crate) fn dispatch(&mut self) -> bool {
        match self.stage {
            Stage::Holding(grant) if !self.shared.bounds_transit() => {
                self.stage = Stage::InFlight(DispatchedSlot::of(grant));
                false
            }
            _ => self.dispatch_noted(),
        }
    }

    /// The slot's stamp is known from now on, which may let others go, or it comes back no more.
    #[cold]
    fn dispatch_noted(&mut self) -> bool {
        if let Stage::Tracked(grant) = self.stage
            && !self.shared.bounds_transit()
        {
            self.stage = Stage::InFlight(DispatchedSlot::of(grant));
            return true;
        }
        let now = self.shared.now();
        let stage = std::mem::replace(&mut self.stage, Stage::Idle);
        self.stage = self.shared.update(now, |state, now, effects| {
            let flight = match stage {
                Stage::Holding(grant) | Stage::Tracked(grant) => state.dispatch(now, grant),
                Stage::Held(ticket) => state.dispatch_held(now, ticket),
                Stage::Idle | Stage::Queued(_) | Stage::InFlight(_) => return stage,
            };
            state.run(now, effects);
            Stage::InFlight(flight)
        });
        true
    }

    /// Has the call followed while it waits.
    #[cold]
    pub(crate) fn track(&self, tracker: &Tracker) {
        if let Stage::Queued(ticket) = &self.stage {
            self.shared.track(tracker, ticket);
        }
    }

    /// The request has ended; the clock is read after that, as a stamp must never be too early.
    #[inline]
    pub(crate) fn settle(&mut self, outcome: Outcome) {
        if let Stage::InFlight(flight) = self.stage {
            self.stage = Stage::Idle;
            let now = self.shared.now();
            let (event, awaited) = self.shared.with(|state| {
                let event = state.settle(now, &flight, outcome);
                (event, state.is_awaited())
            });
            if awaited {
                self.shared.run(now);
            }
            if let Some(event) = event {
                report::settled(event);
                self.shared.tell_keeper();
            }
        }
    }

    /// Gives up what the call has.
    #[cold]
    pub(crate) fn release(&mut self) {
        let now = self.shared.now();
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle => {}
            Stage::Queued(ticket) | Stage::Held(ticket) => {
                self.shared.update(now, |state, now, effects| {
                    state.leave(now, ticket, effects);
                });
            }
            Stage::Holding(grant) | Stage::Tracked(grant) => {
                self.shared.update(now, |state, now, effects| {
                    state.cancel(now, &grant, effects);
                })
            }
            flight @ Stage::InFlight(_) => {
                self.stage = flight;
                self.settle(Outcome::Lost);
            }
        }
    }

    /// The limiter that it belongs to.
    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Reservation {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.stage, Stage::Idle) {
            self.release();
        }
    }
}
