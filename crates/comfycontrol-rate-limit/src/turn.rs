//! One call's way to its slot and back: waiting, holding, on the way, settled. Wherever it is
//! dropped, it is accounted for.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;
use crate::NotAdmitted;
use crate::admission::{Admission, Event, Flight, Grant, Outcome, Progress};
use crate::queue::Ticket;

#[derive(Debug)]
pub(crate) struct Turn {
    shared: Arc<Shared>,
    place: Place,
}

// It is moved at every step of a call.
const _: () = assert!(size_of::<Turn>() <= 32);

#[derive(Debug)]
enum Place {
    /// Has not asked yet, or is done.
    Outside,
    /// In the queue's books: waiting, or with a slot that goes on if it is not claimed soon.
    Queued(Ticket),
    /// With a slot that nobody takes away.
    Holding(Grant),
    /// The request has left.
    InFlight(Flight),
}

impl Turn {
    #[inline]
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            place: Place::Outside,
        }
    }

    /// Waits for a slot, no longer than until `deadline`.
    ///
    /// # Panics
    ///
    /// When it must wait outside a tokio runtime with time enabled.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        cx: &Context<'_>,
        deadline: Option<Instant>,
    ) -> Poll<Result<(), NotAdmitted>> {
        match &self.place {
            Place::Outside => {
                if deadline.is_none()
                    && let Some(grant) = self.shared.with(Admission::try_admit_at_any_time)
                {
                    self.place = Place::Holding(grant);
                    return Poll::Ready(Ok(()));
                }
                self.ask(cx, deadline)
            }
            Place::Queued(_) => self.look(cx),
            Place::Holding(_) | Place::InFlight(_) => Poll::Ready(Ok(())),
        }
    }

    #[cold]
    fn ask(
        &mut self,
        cx: &Context<'_>,
        deadline: Option<Instant>,
    ) -> Poll<Result<(), NotAdmitted>> {
        let now = self.shared.now();
        let deadline = deadline.map(|at| self.shared.nanos(at));
        if deadline.is_none_or(|deadline| now <= deadline)
            && let Some(grant) = self.shared.with(|state| state.try_admit(now))
        {
            self.place = Place::Holding(grant);
            return Poll::Ready(Ok(()));
        }
        self.join(cx, now, deadline)
    }

    fn join(
        &mut self,
        cx: &Context<'_>,
        now: u64,
        deadline: Option<u64>,
    ) -> Poll<Result<(), NotAdmitted>> {
        // Cloning a waker may run anything, so it is not done under the lock.
        let waker = cx.waker().clone();
        let (ticket, progress) = self.shared.act(now, |state, now, effects| {
            let ticket = state.enqueue(now, deadline, waker, effects)?;
            let progress = state.progress(&ticket);
            Ok((ticket, progress))
        })?;
        self.place = Place::Queued(ticket);
        self.proceed(progress)
    }

    #[cold]
    fn look(&self, cx: &Context<'_>) -> Poll<Result<(), NotAdmitted>> {
        let Place::Queued(ticket) = &self.place else {
            return Poll::Pending;
        };
        let waker = cx.waker().clone();
        let now = self.shared.now();
        let progress = self.shared.act(now, |state, now, effects| {
            state.look(now, ticket, waker, effects)
        });
        self.proceed(progress)
    }

    fn proceed(&self, progress: Progress) -> Poll<Result<(), NotAdmitted>> {
        match progress {
            Progress::Granted => Poll::Ready(Ok(())),
            Progress::Refused(error) => {
                tracing::debug!(%error, "call refused after waiting for the rate limit");
                Poll::Ready(Err(error))
            }
            Progress::Waiting => {
                self.shared.keep_time();
                Poll::Pending
            }
        }
    }

    /// Puts a slot aside that cannot be used yet: others may have it before long.
    #[cold]
    pub(crate) fn park(&mut self, deadline: Option<Instant>) {
        if let Place::Holding(grant) = &self.place {
            let now = self.shared.now();
            let deadline = deadline.map(|at| self.shared.nanos(at));
            let ticket = self.shared.with(|state| state.park(now, grant, deadline));
            self.place = Place::Queued(ticket);
        }
    }

    /// Takes up the slot, unless it has gone to another; then the turn goes on waiting, at the head.
    #[inline]
    pub(crate) fn claim(&mut self) -> bool {
        if let Place::Queued(_) = self.place {
            self.claim_queued();
        }
        matches!(self.place, Place::Holding(_))
    }

    #[cold]
    fn claim_queued(&mut self) {
        let Place::Queued(ticket) = std::mem::replace(&mut self.place, Place::Outside) else {
            return;
        };
        self.place = match self.shared.with(|state| state.claim(ticket)) {
            Ok((grant, since)) => {
                let waited = self.shared.now().saturating_sub(since);
                let waited = Duration::from_nanos(waited);
                tracing::debug!(?waited, "call admitted after waiting for the rate limit");
                Place::Holding(grant)
            }
            Err(ticket) => Place::Queued(ticket),
        };
    }

    /// The request leaves with the claimed slot.
    #[inline]
    pub(crate) fn dispatch(&mut self) {
        if let Place::Holding(grant) = self.place {
            let flight = if self.shared.bounds_transit() {
                self.depart(grant)
            } else {
                Flight::of(grant)
            };
            self.place = Place::InFlight(flight);
        }
    }

    /// The slot's stamp is known from now on, which may let others go.
    #[cold]
    fn depart(&self, grant: Grant) -> Flight {
        let now = self.shared.now();
        self.shared.act(now, |state, now, effects| {
            let flight = state.dispatch(now, grant);
            state.run(now, effects);
            flight
        })
    }

    /// The request has ended; the clock is read after that, as a stamp must never be too early.
    #[inline]
    pub(crate) fn settle(&mut self, outcome: Outcome) {
        if let Place::InFlight(flight) = self.place {
            self.place = Place::Outside;
            let now = self.shared.now();
            let (event, awaited) = self.shared.with(|state| {
                let event = state.settle(now, &flight, outcome);
                (event, state.is_awaited())
            });
            if awaited {
                self.shared.run(now);
            }
            if let Some(event) = event {
                report(event);
            }
        }
    }

    /// Gives up whatever the turn has.
    #[cold]
    pub(crate) fn release(&mut self) {
        let now = self.shared.now();
        match std::mem::replace(&mut self.place, Place::Outside) {
            Place::Outside => {}
            Place::Queued(ticket) => self.shared.act(now, |state, now, effects| {
                state.leave(now, ticket, effects);
            }),
            Place::Holding(grant) => self.shared.act(now, |state, now, effects| {
                state.cancel(now, &grant, effects);
            }),
            flight @ Place::InFlight(_) => {
                self.place = flight;
                self.settle(Outcome::Lost);
            }
        }
    }

    /// The limiter whose turn it is.
    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Turn {
    #[inline]
    fn drop(&mut self) {
        if !matches!(self.place, Place::Outside) {
            self.release();
        }
    }
}

#[cold]
fn report(event: Event) {
    match event {
        Event::CooldownStarted { pause, strikes } => tracing::warn!(
            ?pause,
            in_a_row = strikes + 1,
            "the server refused a request although we kept within the rate limit: something else \
             shares this address, or the limit is another; nothing is sent during the pause"
        ),
        Event::CooldownEnded => tracing::info!("the cooldown is over: requests go out again"),
    }
}
