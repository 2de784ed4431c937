use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http_body_util::BodyDataStream;

use super::body::ResponseBody;
use crate::Error;

/// The pieces of a response body as they come.
///
/// An error is the last item: the body breaks off, or a timeout passes.
// Boxed, so that it can be polled without being pinned first.
pub struct ByteStream(BodyDataStream<Pin<Box<ResponseBody>>>);

impl ByteStream {
    pub(super) fn new(body: ResponseBody) -> Self {
        Self(BodyDataStream::new(Box::pin(body)))
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").finish_non_exhaustive()
    }
}
