use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use comfycontrol_core::{AwaitedAttempts, BoxError};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::timed_out::{TimedOut, TimeoutKind};
use crate::timeouts::Timeouts;
use crate::timer::{Timer, elapsed, has_passed, now};

pin_project! {
    /// Response body of [`TotalTimeout`](crate::TotalTimeout): fails when time has passed or data
    /// stalls.
    ///
    /// It ends with a [`TimedOut`] when the time of the call has passed, though more may be there,
    /// and when no part has come for too long, or too little.
    ///
    /// No timer is made while parts are ready, and nothing is allocated. The time that the reader
    /// takes from one part to the next is no stall. Neither is the time that a body inside waits for
    /// [another attempt](AwaitedAttempts). Both count for the whole call. After the error there is
    /// nothing more.
    ///
    /// # Panics
    ///
    /// Panics where it has to wait outside of a Tokio runtime with a timer.
    #[derive(Debug)]
    pub struct TimeoutBody<B> {
        #[pin]
        inner: B,
        total: Option<Total>,
        limits: BodyLimits,
        // How many bytes have come since enough of them had.
        came: usize,
        // None until it has to wait: most bodies never do, and this is large.
        wait: Option<Pin<Box<Wait>>>,
        done: bool,
    }
}

pin_project! {
    /// What is waited for.
    #[derive(Debug, Default)]
    struct Wait {
        // The end of the present wait for a part.
        until: Option<Instant>,
        // Since when it lasts; kept where it counts.
        since: Option<Instant>,
        // How long was waited for the bytes that have come.
        waited: Duration,
        #[pin]
        timer: Timer,
    }
}

impl Wait {
    /// A part has come.
    fn end(self: Pin<&mut Self>) {
        let this = self.project();
        *this.until = None;
        if let Some(since) = this.since.take() {
            *this.waited += elapsed(since);
        }
    }

    /// Nothing that was waited for counts any more.
    fn reset(self: Pin<&mut Self>) {
        let this = self.project();
        (*this.since, *this.until, *this.waited) = (None, None, Duration::ZERO);
    }

    /// When the present wait ends, which begins now unless it has.
    fn until(self: Pin<&mut Self>, limits: BodyLimits, ends: Option<Instant>) -> Option<Instant> {
        let this = self.project();
        if this.until.is_none() {
            let now = now();
            let stalled = limits.stall.and_then(|stall| now.checked_add(stall));
            let dripped = limits.window().map(|window| {
                *this.since = Some(now);
                now + window.saturating_sub(*this.waited)
            });
            *this.until = stalled.into_iter().chain(dripped).chain(ends).min();
        }
        *this.until
    }
}

/// The end of a whole call, and how long its time is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Total {
    pub(crate) at: Instant,
    pub(crate) after: Duration,
}

/// What a body may take, apart from the whole call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    stall: Option<Duration>,
    /// Fewer bytes than that are too few, unless none are asked for.
    progress: usize,
}

impl BodyLimits {
    pub(crate) fn new(timeouts: Timeouts) -> Self {
        Self {
            stall: timeouts.stall_limit(),
            progress: timeouts.min_progress_limit().unwrap_or(0),
        }
    }

    /// The time within which so many bytes must come: no body that may stall so long drips.
    fn window(self) -> Option<Duration> {
        let stall = self.stall.filter(|_| self.progress > 0)?;
        Some(stall.max(LEAST_WINDOW).min(LONGEST_WINDOW))
    }

    /// The same for a response with these headers: events are few by nature.
    pub(crate) fn of_response(self, headers: &HeaderMap) -> Self {
        let is_events = || {
            let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            let begin = value.and_then(|value| value.get(..EVENT_STREAM.len()));
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(EVENT_STREAM))
        };
        if self.progress > 0 && is_events() {
            return Self {
                progress: 0,
                ..self
            };
        }
        self
    }
}

impl<B> TimeoutBody<B> {
    pub(crate) fn new(inner: B, total: Option<Total>, limits: BodyLimits) -> Self {
        Self {
            inner,
            total,
            limits,
            came: 0,
            wait: None,
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
            let awaited = AwaitedAttempts::count();
            if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
                let mut wait = this.wait.as_mut().map(Pin::as_mut);
                if let Some(wait) = wait.as_mut() {
                    wait.as_mut().end();
                }
                if let Some(Ok(frame)) = &frame
                    && this.limits.progress > 0
                {
                    *this.came += frame.data_ref().map_or(0, Buf::remaining);
                    if *this.came >= this.limits.progress {
                        *this.came = 0;
                        if let Some(wait) = wait {
                            wait.reset();
                        }
                    }
                }
                return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
            }
            let ends = this.total.map(|total| total.at);
            if ends.is_none() && this.limits.stall.is_none() {
                return Poll::Pending;
            }
            let wait = this.wait.get_or_insert_with(|| Box::pin(Wait::default()));
            let until = if AwaitedAttempts::count() != awaited {
                // There is no body that could stall, and the next one begins again.
                *this.came = 0;
                wait.as_mut().reset();
                ends
            } else {
                wait.as_mut().until(*this.limits, ends)
            };
            let Some(until) = until else {
                return Poll::Pending;
            };
            ready!(wait.as_mut().project().timer.poll_until(until, cx));
        }
        *this.done = true;
        let since = this.wait.as_ref().and_then(|wait| wait.since);
        let silent = since.map_or(Duration::ZERO, elapsed);
        let (kind, after) = match (*this.total, *this.limits) {
            (Some(total), _) if has_passed(total.at) => (TimeoutKind::Total, total.after),
            (
                _,
                BodyLimits {
                    stall: Some(stall),
                    progress,
                },
            ) if progress == 0 || silent >= stall => (TimeoutKind::Stall, stall),
            (_, limits) => (TimeoutKind::Drip, limits.window().unwrap_or_default()),
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

/// Long enough for what comes line by line.
const LEAST_WINDOW: Duration = Duration::from_secs(10 * 60);
/// So that each wait has an end that is an instant.
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
const EVENT_STREAM: &[u8] = b"text/event-stream";
