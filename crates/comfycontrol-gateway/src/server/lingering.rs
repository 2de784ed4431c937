//! What a caller still sends after it was refused.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{Request, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// A body whose rest is read and dropped, for some time, when it is dropped itself.
///
/// A connection that is closed with unread bytes is reset, and a caller that reads the response
/// only once it has sent all has none then ([RFC 9112 §9.6]). Over HTTP/2 a stream is closed on its
/// own.
///
/// [RFC 9112 §9.6]: https://www.rfc-editor.org/rfc/rfc9112#section-9.6
#[derive(Debug)]
pub(super) struct Lingering {
    /// Until it has ended.
    body: Option<Incoming>,
    /// Whether the caller sends the rest, whatever it is told.
    comes: bool,
    is_http_1: bool,
}

impl Lingering {
    pub(super) fn of(request: Request<Incoming>) -> Request<Self> {
        let is_http_1 = request.version() < Version::HTTP_2;
        // Such a caller sends nothing before it is asked, by the first read.
        let comes = !request.headers().contains_key(EXPECT);
        request.map(|body| Self {
            body: Some(body),
            comes,
            is_http_1,
        })
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.comes = true;
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let ended = SizeHint::with_exact(0);
        self.body.as_ref().map_or(ended, Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        if let Some(rest) = rest
            && self.comes
            && self.is_http_1
            && let Ok(runtime) = Handle::try_current()
        {
            // It ends with its connection too.
            runtime.spawn(timeout(MAX_TIME, discard(rest)));
        }
    }
}

async fn discard(mut rest: Incoming) {
    let mut left = MAX_BYTES;
    while let Ok(Some(Ok(frame))) = timeout(MAX_SILENCE, rest.frame()).await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(bytes as u64) {
            Some(less) => left = less,
            None => return,
        }
    }
}

/// As nginx has them: `lingering_time` and `lingering_timeout`.
const MAX_TIME: Duration = Duration::from_secs(30);
const MAX_SILENCE: Duration = Duration::from_secs(5);
/// 1 GiB.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;
