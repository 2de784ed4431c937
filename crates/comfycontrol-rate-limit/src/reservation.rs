//! One call's way to its slot and back. Wherever it is dropped, it is accounted for.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::shared::Shared;
use super::slow_path;
use crate::admission::{Admission, DispatchedSlot, Outcome};
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

    /// Takes a slot up at once, if the call has just come and there is one whatever the time.
    #[inline]
    pub(crate) fn try_at_once(&mut self) -> bool {
        if let Stage::Idle = self.stage
            && let Some(grant) = self.shared.with(Admission::try_admit_at_any_time)
        {
            self.stage = Stage::Holding(grant);
            return true;
        }
        false
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
                if deadline.is_none() && self.try_at_once() {
                    return Poll::Ready(Ok(()));
                }
                slow_path::arrive(&self.shared, &mut self.stage, cx, deadline)
            }
            Stage::Queued(ticket) => slow_path::look(&self.shared, ticket, cx, true),
            Stage::Holding(_) | Stage::Tracked(_) | Stage::Held(_) | Stage::InFlight(_) => {
                Poll::Ready(Ok(()))
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
        if let Stage::Queued(ticket) = &self.stage {
            return match slow_path::look(&self.shared, ticket, cx, false) {
                Poll::Ready(Err(error)) => Err(error),
                Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
            };
        }
        let stage = self.take_stage();
        self.stage = slow_path::park(&self.shared, stage, deadline);
        Ok(())
    }

    /// Takes up the slot, unless another has it; then [`poll`](Self::poll) waits at the head.
    #[inline]
    pub(crate) fn claim(&mut self) -> bool {
        if let Stage::Holding(_) = self.stage {
            return true;
        }
        let stage = self.take_stage();
        let (stage, since) = slow_path::claim(&self.shared, stage);
        // A slot that is told of goes back even if a subscriber panics.
        self.stage = stage;
        if let Some(since) = since {
            report::admitted(|| self.shared.now().saturating_sub(since));
        }
        matches!(self.stage, Stage::Held(_) | Stage::Tracked(_))
    }

    /// The request leaves with the claimed slot; returns whether it may be tracked.
    #[inline]
    pub(crate) fn dispatch(&mut self) -> bool {
        match self.stage {
            Stage::Holding(grant) if !self.shared.bounds_transit() => {
                self.stage = Stage::InFlight(DispatchedSlot::of(grant));
                false
            }
            _ => {
                let stage = self.take_stage();
                self.stage = slow_path::dispatch(&self.shared, stage);
                true
            }
        }
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
        match self.stage {
            Stage::InFlight(flight) if outcome == Outcome::Responded && flight.is_plain() => {
                self.stage = Stage::Idle;
                let now = self.shared.now();
                let awaited = self.shared.with(|state| {
                    state.settle_plainly(now);
                    state.is_awaited()
                });
                if awaited {
                    self.shared.run(now);
                }
            }
            _ => {
                let stage = self.take_stage();
                self.stage = slow_path::settle(&self.shared, stage, outcome);
            }
        }
    }

    /// Gives up what the call has.
    #[inline]
    pub(crate) fn release(&mut self) {
        if !matches!(self.stage, Stage::Idle) {
            let stage = self.take_stage();
            slow_path::release(&self.shared, stage);
        }
    }

    /// The limiter that it belongs to.
    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    #[inline]
    fn take_stage(&mut self) -> Stage {
        mem::replace(&mut self.stage, Stage::Idle)
    }
}

impl Drop for Reservation {
    #[inline]
    fn drop(&mut self) {
        self.release();
    }
}
