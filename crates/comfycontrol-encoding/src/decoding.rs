//! From the frames of a body in gzip to those of the body before.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use comfycontrol_core::BoxError;
use http::HeaderMap;
use http_body::{Body, Frame};

use crate::gunzip::Gunzip;
use crate::invalid_gzip::InvalidGzip;

/// How far a body is decoded.
#[derive(Debug)]
pub(crate) enum Decoding {
    Data(Gunzip),
    /// The data has ended well; trailers may have come behind it.
    Trailers(Option<HeaderMap>),
    Done,
}

impl Decoding {
    pub(crate) fn new() -> Self {
        Self::Data(Gunzip::new())
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    pub(crate) fn poll_frame<B>(
        &mut self,
        mut body: Pin<&mut B>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        for _ in 0..MOST_STEPS {
            let decoded = match self {
                Self::Data(gunzip) if !gunzip.wants_more() => gunzip.step(),
                Self::Data(_) => match ready!(body.as_mut().poll_frame(cx)) {
                    Some(Ok(frame)) => self.take_frame(frame),
                    Some(Err(e)) => return self.fail(e.into()),
                    None => self.end_data(None),
                },
                Self::Trailers(trailers) => {
                    let trailers = trailers.take();
                    *self = Self::Done;
                    return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
                }
                Self::Done => return Poll::Ready(None),
            };
            match decoded {
                Ok(None) => {}
                Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Err(e) => return self.fail(e.into()),
            }
        }
        // Frames and members that bring nothing: others have their turn, and timeouts outside are
        // looked at.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take_frame<D: Buf>(&mut self, frame: Frame<D>) -> Result<Option<Bytes>, InvalidGzip> {
        match frame.into_data() {
            Ok(mut data) => {
                if let Self::Data(gunzip) = self {
                    gunzip.push(data.copy_to_bytes(data.remaining()));
                }
                Ok(None)
            }
            Err(frame) => self.end_data(frame.into_trailers().ok()),
        }
    }

    fn end_data(&mut self, trailers: Option<HeaderMap>) -> Result<Option<Bytes>, InvalidGzip> {
        match mem::replace(self, Self::Trailers(trailers)) {
            Self::Data(gunzip) => gunzip.finish(),
            Self::Trailers(_) | Self::Done => Ok(None),
        }
    }

    fn fail(&mut self, e: BoxError) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        *self = Self::Done;
        Poll::Ready(Some(Err(e)))
    }
}

/// How many frames and members that bring nothing one poll takes.
const MOST_STEPS: usize = 64;
