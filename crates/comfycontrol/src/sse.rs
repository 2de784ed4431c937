use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;
use serde::de::DeserializeOwned;
use sse_stream::SseStream;

use crate::error::{BadJson, BodyFailed, BodyTooLarge, NotEvents};
use crate::response::from_json;
use crate::{Error, ResponseBody};

/// The server-sent events of a response (HTML Standard, "Server-sent events").
///
/// A stream that ends when the server closes it. An event larger than 1 MiB is an error, and so
/// is a silence longer than [`Timeouts::stall`](crate::Timeouts::stall).
///
/// # Errors
///
/// An error is the last item: the body breaks off, a timeout passes, or an event is too large.
///
/// Made by [`RequestBuilder::events`](crate::RequestBuilder::events).
pub struct Events {
    // Boxed, so that it can be polled without being pinned by hand.
    inner: Pin<Box<SseStream<Bounded>>>,
    status: StatusCode,
    /// Bytes taken since the last event, shared with the body below the parser.
    taken: Arc<AtomicUsize>,
}

/// One server-sent event.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The type of the event, if it was named.
    pub name: Option<String>,
    /// The data, its lines joined.
    pub data: String,
    /// The id of the event, if it was given.
    pub id: Option<String>,
    /// How long the server asks to wait before reconnecting.
    pub retry: Option<Duration>,
}

impl Event {
    /// Decodes the data from JSON.
    ///
    /// # Errors
    ///
    /// Fails if the data is not the JSON of a `T`; the error names the path of the field that is wrong.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let kind = HeaderValue::from_static("text/event-stream");
        from_json(self.data.as_bytes())
            .map_err(|e| BadJson::new(StatusCode::OK, Some(&kind), self.data.as_bytes(), e).into())
    }
}

impl Events {
    pub(crate) fn new(response: Response<ResponseBody>) -> Result<Self, Error> {
        let status = response.status();
        let kind = response.headers().get(CONTENT_TYPE);
        let is_events = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| {
                let essence = kind.split(';').next().unwrap_or_default().trim();
                essence.eq_ignore_ascii_case("text/event-stream")
            });
        if !is_events {
            return Err(NotEvents::new(status, kind).into());
        }
        let taken = Arc::new(AtomicUsize::new(0));
        let body = Bounded {
            inner: response.into_body(),
            status,
            taken: Arc::clone(&taken),
        };
        Ok(Self {
            inner: Box::pin(SseStream::new(body)),
            status,
            taken,
        })
    }
}

impl Stream for Events {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let event = match ready!(self.inner.as_mut().poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(Ok(event)) => event,
                Some(Err(e)) => return Poll::Ready(Some(Err(failed(self.status, e)))),
            };
            self.taken.store(0, Ordering::Relaxed);
            // A block without data is a comment or a setting, not an event.
            if let Some(data) = event.data {
                return Poll::Ready(Some(Ok(Event {
                    name: event.event,
                    data,
                    id: event.id,
                    retry: event.retry.map(Duration::from_millis),
                })));
            }
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

fn failed(status: StatusCode, e: sse_stream::Error) -> Error {
    match e {
        sse_stream::Error::Body(e) => Error::body(status, e),
        e => BodyFailed::new(status, e.into()).into(),
    }
}

pin_project! {
    /// A body that fails when an event does not end: the parser below keeps all of it in memory.
    struct Bounded {
        #[pin]
        inner: ResponseBody,
        status: StatusCode,
        taken: Arc<AtomicUsize>,
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let more = frame.data_ref().map_or(0, Bytes::len);
            if this
                .taken
                .fetch_add(more, Ordering::Relaxed)
                .saturating_add(more)
                > MAX_EVENT
            {
                return Poll::Ready(Some(Err(BodyTooLarge::new(*this.status, MAX_EVENT).into())));
            }
        }
        Poll::Ready(frame)
    }
}

const MAX_EVENT: usize = 1024 * 1024;
