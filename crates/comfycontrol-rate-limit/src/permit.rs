//! A slot without tower: waited for, held, on its way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Response, StatusCode};
use tokio::time::Instant;

use crate::NotAdmitted;
use crate::turn::Turn;

/// Future of [`Limiter::acquire`](crate::Limiter::acquire) and
/// [`acquire_until`](crate::Limiter::acquire_until). Dropping it gives the place up.
///
/// It holds the limiter and borrows nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Acquire {
    turn: Option<Turn>,
    deadline: Option<Instant>,
}

impl Acquire {
    #[inline]
    pub(crate) fn new(turn: Turn, deadline: Option<Instant>) -> Self {
        let turn = Some(turn);
        Self { turn, deadline }
    }
}

impl Future for Acquire {
    type Output = Result<Permit, NotAdmitted>;

    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with time enabled, or after it has finished.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let deadline = self.deadline;
        let turn = self.turn.as_mut().expect("polled after completion");
        let admitted = loop {
            let admitted = ready!(turn.poll(cx, deadline));
            // Between the two the slot may have gone to another.
            if admitted.is_err() || turn.claim() {
                break admitted;
            }
        };
        let turn = self.turn.take().expect("it was there");
        Poll::Ready(admitted.map(|()| Permit { turn }))
    }
}

/// A slot that was granted and not used yet. Dropping it gives it back.
///
/// A permit is for use at once. One that is held while a 429 arrives is *not* held back by the
/// cooldown: dispatch it, or drop it and acquire again.
#[derive(Debug)]
#[must_use = "dropping a permit gives the slot back"]
pub struct Permit {
    turn: Turn,
}

impl Permit {
    /// Marks the slot as used: to be called right before the request is sent.
    #[inline]
    pub fn dispatch(mut self) -> InFlight {
        self.turn.dispatch();
        InFlight { turn: self.turn }
    }
}

/// A request on its way. To be [settled](Self::settle) when the head of the response has come.
///
/// Dropping it says that no response will come. That proves nothing about the server, which may
/// still receive the request, so the slot stays taken a little [longer](crate::LimiterBuilder::linger).
#[derive(Debug)]
#[must_use = "dropping it says that no response will come"]
pub struct InFlight {
    turn: Turn,
}

impl InFlight {
    /// Starts the slot's way back: in one window it may be granted again. A refusal by the server,
    /// by default a response with status 429, starts a cooldown for all who share the limiter.
    #[inline]
    pub fn settle<B>(self, response: &Response<B>) {
        self.settle_parts(response.status(), response.headers());
    }

    /// As [`settle`](Self::settle), for those who have no [`Response`].
    #[inline]
    pub fn settle_parts(mut self, status: StatusCode, headers: &HeaderMap) {
        let outcome = self.turn.shared().outcome(status, headers);
        self.turn.settle(outcome);
    }
}
