use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use comfycontrol_core::BoxError;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::timed_out::{TimedOut, TimeoutKind};
use crate::timer::{Timer, from_now, has_passed};

pin_project! {
    /// Response body of [`TotalTimeout`](crate::TotalTimeout): ends with a [`TimedOut`] when the time
    /// of the call has passed, though more may be there, and when no part has come for too long.
    ///
    /// No timer is made while parts are ready. How long the reader takes from one part to the next is
    /// no stall, but counts for the whole call. After the error there is nothing more. It is not
    /// `Unpin`: who reads it frame by frame pins it first.
    ///
    /// # Panics
    ///
    /// Panics where it has to wait outside of a Tokio runtime with a timer.
    #[derive(Debug)]
    pub struct TimeoutBody<B> {
        #[pin]
        inner: B,
        total: Option<Total>,
        stall: Option<Duration>,
        // The end of the present wait for a part.
        until: Option<Instant>,
        #[pin]
        timer: Timer,
        done: bool,
    }
}

/// The end of a whole call, and how long its time is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    pub(crate) at: Instant,
    pub(crate) after: Duration,
}

impl<B> TimeoutBody<B> {
    pub(crate) fn new(inner: B, total: Option<Total>, stall: Option<Duration>) -> Self {
        Self {
            inner,
            total,
            stall,
            until: None,
            timer: Timer::default(),
            done: false,
        }
    }
}

impl<B> Body for TimeoutBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        if *this.done {
            return Poll::Ready(None);
        }
        // Not left to the timer: where parts are always ready, nothing would ever look at it.
        let late = this.total.filter(|total| has_passed(total.at));
        if late.is_none() {
            if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
                *this.until = None;
                return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
            }
            if this.until.is_none() {
                let stalled = this.stall.and_then(from_now);
                let ends = this.total.map(|total| total.at);
                *this.until = stalled.into_iter().chain(ends).min();
            }
            let Some(until) = *this.until else {
                return Poll::Pending;
            };
            ready!(this.timer.poll_until(until, cx));
        }
        *this.done = true;
        let (kind, after) = match (*this.total, *this.stall) {
            (Some(total), _) if has_passed(total.at) => (TimeoutKind::Total, total.after),
            (_, stall) => (TimeoutKind::Stall, stall.unwrap_or_default()),
        };
        Poll::Ready(Some(Err(TimedOut::new(kind, after).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.done {
            SizeHint::with_exact(0)
        } else {
            self.inner.size_hint()
        }
    }
}
