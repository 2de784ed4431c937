use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use crate::timeouts::{TimedOut, Which};

pin_project! {
    /// Response body of [`Deadline`](crate::stack::Deadline) and of
    /// [`AttemptTimeout`](crate::stack::AttemptTimeout).
    ///
    /// Ends with a [`TimedOut`] when its time has passed. No timer is armed while parts are ready.
    #[derive(Debug)]
    pub struct TimedBody<B> {
        #[pin]
        inner: B,
        limit: Option<Limit>,
        #[pin]
        sleep: Option<Sleep>,
        done: bool,
    }
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    /// The whole body by an instant; the duration is the one the caller set.
    By(Instant, Duration),
    /// Each part within a duration.
    Within(Duration),
}

impl<B> TimedBody<B> {
    pub(crate) fn by(inner: B, limit: Option<(Instant, Duration)>) -> Self {
        Self::new(inner, limit.map(|(at, total)| Limit::By(at, total)))
    }

    pub(crate) fn within(inner: B, stall: Option<Duration>) -> Self {
        Self::new(inner, stall.map(Limit::Within))
    }

    fn new(inner: B, limit: Option<Limit>) -> Self {
        Self {
            inner,
            limit,
            sleep: None,
            done: false,
        }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let mut this = self.project();
        if *this.done {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
            if matches!(this.limit, Some(Limit::Within(_))) {
                this.sleep.set(None);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let Some(limit) = *this.limit else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(match limit {
                Limit::By(at, _) => tokio::time::sleep_until(at),
                Limit::Within(stall) => tokio::time::sleep(stall),
            }));
        }
        let sleep = this.sleep.as_pin_mut().expect("set above");
        if sleep.poll(cx).is_pending() {
            return Poll::Pending;
        }
        *this.done = true;
        let (which, after) = match limit {
            Limit::By(_, total) => (Which::Total, total),
            Limit::Within(stall) => (Which::Stall, stall),
        };
        Poll::Ready(Some(Err(TimedOut::new(which, after, true).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
