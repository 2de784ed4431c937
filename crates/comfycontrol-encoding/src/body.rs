use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use comfycontrol_core::BoxError;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

#[cfg(feature = "gzip")]
use crate::decoding::Decoding;
#[cfg(not(feature = "gzip"))]
use std::convert::Infallible as Decoding;

pin_project! {
    /// Response body of [`Decompression`](crate::Decompression): decoded if it was gzip, and
    /// otherwise as it is.
    ///
    /// All members are read, one after the other (RFC 1952 §2.2). A body that ends within a member,
    /// and one in which anything but a member follows a member, ends with an
    #[cfg_attr(feature = "gzip", doc = "[`InvalidGzip`](crate::InvalidGzip)")]
    #[cfg_attr(not(feature = "gzip"), doc = "`InvalidGzip`")]
    /// behind what could be decoded; padding with zeros is no exception, since the standard has
    /// none. A body of no bytes at all is empty.
    ///
    /// What can be decoded comes out before more is asked for, in pieces of at most 96 KiB.
    /// Trailers come last. It is not `Unpin`: pin it before you read it frame by frame.
    #[derive(Debug)]
    pub struct DecompressionBody<B> {
        #[pin]
        inner: B,
        // Boxed, since few bodies have one and all futures around a body are as large as it is.
        decoding: Option<Box<Decoding>>,
    }
}

impl<B> DecompressionBody<B> {
    #[cfg(feature = "gzip")]
    pub(crate) fn gzip(inner: B) -> Self {
        Self {
            inner,
            decoding: Some(Box::new(Decoding::new())),
        }
    }

    pub(crate) fn plain(inner: B) -> Self {
        Self {
            inner,
            decoding: None,
        }
    }
}

impl<B> Body for DecompressionBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        match this.decoding.as_deref_mut() {
            #[cfg(feature = "gzip")]
            Some(decoding) => decoding.poll_frame(this.inner, cx),
            #[cfg(not(feature = "gzip"))]
            Some(never) => match *never {},
            None => Poll::Ready(ready!(this.inner.poll_frame(cx)).map(|frame| {
                let frame = frame.map_err(Into::into)?;
                // No copy where it is `Bytes` already.
                Ok(frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            })),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.decoding.as_deref() {
            #[cfg(feature = "gzip")]
            Some(decoding) => decoding.is_done(),
            #[cfg(not(feature = "gzip"))]
            Some(never) => match *never {},
            None => self.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.decoding {
            // The size of the encoded body says nothing of what comes out.
            Some(_) => SizeHint::default(),
            None => self.inner.size_hint(),
        }
    }
}
