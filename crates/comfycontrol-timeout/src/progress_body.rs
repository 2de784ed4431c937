use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// Request body under an [`AttemptTimeout`](crate::AttemptTimeout): counts the bytes that it
    /// hands on, so that an upload which moves is not taken for silent.
    ///
    /// Nothing is counted without a timeout, nor if the body is known to be empty.
    /// Clones add to the same count.
    #[derive(Clone, Debug)]
    pub struct ProgressBody<B> {
        #[pin]
        inner: B,
        sent: Option<SentBytes>,
    }
}

impl<B> ProgressBody<B> {
    /// Wraps a body without counting its bytes.
    pub const fn new(inner: B) -> Self {
        Self { inner, sent: None }
    }

    /// Consumes `self`, returning the inner body. Its bytes are no longer counted, so that to the
    /// timeout it is silent.
    pub fn into_inner(self) -> B {
        self.inner
    }

    /// Splits into the inner body and the count of its bytes, if they are counted.
    ///
    /// For a body type that can count for itself: the wrapping comes off and the count goes on.
    pub fn into_parts(self) -> (B, Option<SentBytes>) {
        (self.inner, self.sent)
    }
}

impl<B: Body> ProgressBody<B> {
    /// Wraps a body, and counts its bytes unless it is known to have none.
    pub(crate) fn watched(inner: B) -> Self {
        let is_empty = inner.is_end_stream() || inner.size_hint().exact() == Some(0);
        Self {
            inner,
            sent: (!is_empty).then(SentBytes::default),
        }
    }

    pub(crate) fn sent(&self) -> Option<SentBytes> {
        self.sent.clone()
    }
}

impl<B: Body> Body for ProgressBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let (Some(Ok(frame)), Some(sent)) = (&frame, this.sent)
            && let Some(data) = frame.data_ref()
        {
            sent.add(data.remaining() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Counts the bytes of a request body that have been handed to the transport.
///
/// Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct SentBytes(Arc<AtomicU64>);

impl SentBytes {
    /// Adds bytes that have been handed on; zero bytes are no progress.
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
