use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol_core::{BoxError, Report, TryClone, clean_error};
use futures_core::Stream;
use futures_util::TryStreamExt;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, StreamBody};

mod content;
mod counted;
#[cfg(feature = "fs")]
mod file;
mod from;

use self::content::{Content, Kind};

/// A request body that knows whether it can be sent again.
///
/// A body made of bytes, of files, or by a factory can be sent again after a failure; one made of
/// a stream cannot, and its request is then not retried. A body that has begun to leave is never
/// taken for an empty one.
///
/// ```
/// use comfycontrol_body::Body;
///
/// let body = Body::from("twice");
/// assert!(body.try_clone().is_some());
///
/// let body = Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("once")]));
/// assert!(body.try_clone().is_none());
/// ```
#[derive(Default)]
pub struct Body(
    /// `None` if it is empty. Boxed, since a request is moved through all layers.
    Option<Box<Content>>,
);

impl Body {
    /// Creates an empty body.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Creates a body from a stream. It can be sent once, and its length is not known.
    pub fn from_stream<S, D, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<D, E>> + Send + 'static,
        D: Into<Bytes> + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::wrap(StreamBody::new(
            stream
                .map_ok(|data| Frame::data(data.into()))
                .map_err(Into::into),
        ))
    }

    /// Wraps any other body. It can be sent once; a length that it knows is kept.
    pub fn wrap<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let len = body.size_hint().exact();
        let body = body.map_err(Into::into).boxed_unsync();
        Self::of(Kind::Once { body, len })
    }

    /// Creates a body that `make` makes for each attempt.
    ///
    /// `len`, in bytes, is sent as the length; a body that then yields more or less fails the
    /// request. A length of zero is not announced, and the body is asked what it has: otherwise it
    /// would be sent as empty, whatever it holds.
    pub fn replayable<F, B>(len: Option<u64>, make: F) -> Self
    where
        F: Fn() -> B + Send + Sync + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let make = Arc::new(move || make().map_err(Into::into).boxed_unsync());
        Self::of(Kind::Replay {
            make,
            open: None,
            len: len.filter(|len| *len > 0),
        })
    }

    /// Creates a body from a file, which is read again, in pieces of 64 KiB, for each attempt.
    ///
    /// The length is asked for now and must still be right when the file is sent. A file without a
    /// length, such as one that the system makes up when it is read, is sent without announcing
    /// one.
    ///
    /// # Errors
    ///
    /// Fails if the file's metadata cannot be read, or if it is not a regular file.
    #[cfg(feature = "fs")]
    pub async fn from_file(path: impl Into<std::path::PathBuf>) -> std::io::Result<Self> {
        let path = path.into();
        let len = file::length(&path).await?;
        Ok(Self::replayable(Some(len), move || {
            file::content(path.clone())
        }))
    }

    /// Joins several bodies into one, which can be sent again if all of them can.
    pub fn concat(bodies: impl IntoIterator<Item = Self>) -> Self {
        let parts = bodies.into_iter().filter_map(|body| body.0);
        Self::of(Kind::Concat(parts.map(|part| *part).collect()))
    }

    /// Calls `tell` with the number of bytes of each part as it is handed to the transport.
    ///
    /// What is sent again is not told again: clones share how far the furthest of them has come,
    /// and the sum never exceeds the length.
    #[must_use]
    pub fn on_progress(self, tell: impl Fn(u64) + Send + Sync + 'static) -> Self {
        let empty = || Box::new(Content::new(Kind::Bytes(Bytes::new())));
        let mut content = self.0.unwrap_or_else(empty);
        let told = AtomicU64::new(content.sent);
        let further = move |sent: u64| {
            let before = told.fetch_max(sent, Ordering::Relaxed);
            if sent > before {
                tell(sent - before);
            }
        };
        content.on_progress = Some(match content.on_progress.take() {
            None => Arc::new(further),
            Some(first) => Arc::new(move |sent| {
                first(sent);
                further(sent);
            }),
        });
        Self(Some(content))
    }

    /// Returns a second body with the same content, or `None` if it can be sent only once.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        let Some(content) = &self.0 else {
            return Some(Self::empty());
        };
        content
            .try_clone()
            .map(|content| Self(Some(content.into())))
    }

    /// The length in bytes that is left to send, if it is known.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |content| content.length())
    }

    fn of(kind: Kind) -> Self {
        Self(Some(Box::new(Content::new(kind))))
    }
}

impl TryClone for Body {
    fn try_clone(&self) -> Option<Self> {
        Self::try_clone(self)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(content) = &mut self.get_mut().0 else {
            return Poll::Ready(None);
        };
        // Before the transport has it, which may log it.
        let frame = ready!(content.poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(clean_error).inspect_err(report)))
    }

    fn is_end_stream(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|content| content.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.content_length()
            .map(SizeHint::with_exact)
            .unwrap_or_default()
    }
}

/// HTTP/2 only resets the stream, and the caller would never learn why.
fn report(error: &BoxError) {
    tracing::debug!(error = %Report::new(&**error), "request body failed");
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the content: it may be confidential.
        f.debug_struct("Body")
            .field("content_length", &self.content_length())
            .finish_non_exhaustive()
    }
}
