//! Reads the body of an unsuccessful response, within a cap and a time limit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use comfycontrol_core::BoxError;
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use crate::BodyIncomplete;

/// What was read of a body.
pub(crate) struct Collected {
    pub(crate) bytes: Bytes,
    /// There was more than was to be kept.
    pub(crate) truncated: bool,
    pub(crate) error: Option<BodyIncomplete>,
}

impl Collected {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self {
            bytes,
            truncated: false,
            error: None,
        }
    }
}

pin_project! {
    /// Never fails: what cannot be read is left out, and the reason told.
    pub(crate) struct Collect<B> {
        #[pin]
        body: B,
        bytes: Vec<u8>,
        max: usize,
        timeout: Duration,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<B> Collect<B> {
    pub(crate) fn new(body: B, max: usize, timeout: Duration) -> Self {
        Self {
            body,
            bytes: Vec::new(),
            max,
            timeout,
            sleep: None,
        }
    }
}

impl<B> Future for Collect<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Collected;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Collected> {
        let mut this = self.project();
        let (truncated, error) = match read(this.body, this.bytes, *this.max, cx) {
            Poll::Ready(Ok(truncated)) => (truncated, None),
            Poll::Ready(Err(error)) => (false, Some(BodyIncomplete::transport(error))),
            Poll::Pending => {
                // Most bodies are here at once and need no timer.
                if this.sleep.is_none() {
                    this.sleep.set(Some(sleep(*this.timeout)));
                }
                if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
                    ready!(sleep.poll(cx));
                }
                (false, Some(BodyIncomplete::timed_out(*this.timeout)))
            }
        };
        Poll::Ready(Collected {
            bytes: Bytes::from(std::mem::take(this.bytes)),
            truncated,
            error,
        })
    }
}

/// Reads on; ready with whether the body is longer than `max`.
fn read<B: Body>(
    mut body: Pin<&mut B>,
    bytes: &mut Vec<u8>,
    max: usize,
    cx: &mut Context<'_>,
) -> Poll<Result<bool, B::Error>> {
    for _ in 0..MAX_FRAMES_PER_POLL {
        // Also keeps from asking a body that has none, such as the response to a HEAD.
        if body.is_end_stream() {
            return Poll::Ready(Ok(false));
        }
        let Some(frame) = ready!(body.as_mut().poll_frame(cx)?) else {
            return Poll::Ready(Ok(false));
        };
        // Trailers come after all data and tell nothing of the error.
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        while data.has_remaining() {
            // Copied, for a slice would keep the transport's whole buffer alive.
            let chunk = data.chunk();
            let taken = chunk.len().min(max - bytes.len());
            if taken == 0 {
                return Poll::Ready(Ok(true));
            }
            bytes.extend_from_slice(&chunk[..taken]);
            data.advance(taken);
        }
    }
    // A body that is always ready must not keep the thread, nor escape the time limit.
    cx.waker().wake_by_ref();
    Poll::Pending
}

const MAX_FRAMES_PER_POLL: usize = 64;
