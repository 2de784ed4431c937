//! A slot without tower: waited for, held, on its way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Response, StatusCode};
use tokio::time::Instant;

use crate::reservation::Reservation;
use crate::{Rejected, Tracker};

/// Waits for a slot, in arrival order. Dropping it gives the place up.
///
/// Future of [`Limiter::acquire`](crate::Limiter::acquire) and
/// [`acquire_until`](crate::Limiter::acquire_until). It holds the limiter and borrows nothing.
///
/// A slot that is not taken up within 1 s of its grant, because the future is not polled, goes to
/// the next call that waits. This call is then first in line again.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Acquire {
    reservation: Option<Reservation>,
    deadline: Option<Instant>,
}

impl Acquire {
    #[inline]
    pub(crate) fn new(reservation: Reservation, deadline: Option<Instant>) -> Self {
        Self {
            reservation: Some(reservation),
            deadline,
        }
    }
}

impl Acquire {
    /// Makes a [`Progress`](crate::Progress) follow the call while it waits. Its steps end with the
    /// permit: the holder of the permit knows when the request leaves.
    pub fn tracked_by(self, tracker: Tracker) -> TrackedAcquire {
        TrackedAcquire {
            acquire: self,
            tracker,
        }
    }
}

/// Waits for a slot as [`Acquire`] does, and tells a [`Progress`](crate::Progress) of the wait.
///
/// Future of [`Acquire::tracked_by`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct TrackedAcquire {
    acquire: Acquire,
    tracker: Tracker,
}

impl Future for TrackedAcquire {
    type Output = Result<Permit, Rejected>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.acquire).poll(cx);
        if let Some(waiting) = &this.acquire.reservation {
            waiting.track(&this.tracker);
        }
        polled
    }
}

impl Future for Acquire {
    type Output = Result<Permit, Rejected>;

    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with time enabled or in one that has been shut
    /// down, or after it has finished.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.deadline.is_none()
            && let Some(reservation) = &mut self.reservation
            && reservation.try_at_once()
            && let Some(reservation) = self.reservation.take()
        {
            return Poll::Ready(Ok(Permit { reservation }));
        }
        self.poll_on(cx)
    }
}

impl Acquire {
    #[cold]
    fn poll_on(&mut self, cx: &Context<'_>) -> Poll<Result<Permit, Rejected>> {
        let deadline = self.deadline;
        let reservation = self.reservation.as_mut().expect("polled after completion");
        let admitted = loop {
            let admitted = ready!(reservation.poll(cx, deadline));
            // Between the two the slot may have gone to another.
            if admitted.is_err() || reservation.claim() {
                break admitted;
            }
        };
        let reservation = self.reservation.take().expect("it was there");
        Poll::Ready(admitted.map(|()| Permit { reservation }))
    }
}

/// Allows one request to be sent. Dropping it gives the slot back.
///
/// A permit is for use at once. One that is held while a 429 arrives is *not* held back by the
/// cooldown: dispatch it, or drop it and acquire again.
///
/// One that is never dropped, as by [`std::mem::forget`], costs its slot for good; with all slots
/// lost nothing is sent any more, and [`Snapshot::next_slot`](crate::Snapshot::next_slot) is
/// `None`. With [`max_hold`](crate::LimiterBuilder::max_hold) such a slot comes back.
#[derive(Debug)]
#[must_use = "dropping a permit gives the slot back"]
pub struct Permit {
    reservation: Reservation,
}

impl Permit {
    /// Marks the slot as used: call it right before the request is sent.
    #[inline]
    pub fn dispatch(mut self) -> InFlight {
        self.reservation.dispatch();
        InFlight {
            reservation: self.reservation,
        }
    }
}

/// A request on its way, which holds its slot. [Settle](Self::settle) it when the head of the
/// response has come.
///
/// Dropping it says that no response will come. That proves nothing about the server, which may
/// still receive the request, so the slot stays taken [longer](crate::LimiterBuilder::linger).
#[derive(Debug)]
#[must_use = "dropping it says that no response will come"]
pub struct InFlight {
    reservation: Reservation,
}

impl InFlight {
    /// Reports the head of the response: one window from now the slot may be granted again.
    ///
    /// A throttled response, by default one with status 429, starts a cooldown for all that share
    /// the limiter.
    #[inline]
    pub fn settle<B>(self, response: &Response<B>) {
        self.settle_parts(response.status(), response.headers());
    }

    /// As [`settle`](Self::settle), for callers that have no [`Response`].
    #[inline]
    pub fn settle_parts(mut self, status: StatusCode, headers: &HeaderMap) {
        let outcome = self.reservation.shared().outcome(status, headers);
        self.reservation.settle(outcome);
    }
}
