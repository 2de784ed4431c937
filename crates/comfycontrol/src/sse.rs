mod bounded;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use comfycontrol_error::Harmless;
use futures_core::Stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::de::DeserializeOwned;
use sse_stream::SseStream;

use self::bounded::Bounded;
use crate::error::{BadJson, BodyFailed, NotEvents};
use crate::response::{Answered, from_json};
use crate::{Error, ResponseBody};

/// The server-sent events of a response (HTML Standard, "Server-sent events").
///
/// A stream that ends when the server closes it. An event larger than 1 MiB is an error, comments not
/// counted, and so is a silence longer than [`Timeouts::stall`](crate::Timeouts::stall).
///
/// # Errors
///
/// An error is the last item: the body breaks off, a timeout passes, or an event is too large.
///
/// Made by [`RequestBuilder::events`](crate::RequestBuilder::events).
pub struct Events {
    // Boxed, so that it can be polled without being pinned by hand.
    inner: Pin<Box<SseStream<Bounded>>>,
    call: Answered,
}

/// One server-sent event.
///
/// `Debug` shows how long the data is, not what it says: it may hold signed URLs.
#[derive(Clone, Eq, PartialEq)]
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

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &Option<String>| {
            let text = text.as_ref()?;
            Some(Harmless::new(text, 100).to_string())
        };
        f.debug_struct("Event")
            .field("name", &shown(&self.name))
            .field("data", &format_args!("({} bytes)", self.data.len()))
            .field("id", &shown(&self.id))
            .field("retry", &self.retry)
            .finish()
    }
}

impl Events {
    pub(crate) fn new(response: Response<ResponseBody>) -> Result<Self, Error> {
        let kind = response.headers().get(CONTENT_TYPE);
        let is_events = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| {
                let essence = kind.split(';').next().unwrap_or_default().trim();
                essence.eq_ignore_ascii_case("text/event-stream")
            });
        let call = response.body().call().clone();
        if !is_events {
            return Err(call.failed(NotEvents::new(call.status, kind)));
        }
        Ok(Self {
            inner: Box::pin(SseStream::new(Bounded::new(response.into_body()))),
            call,
        })
    }

    fn failed(&self, e: sse_stream::Error) -> Error {
        let status = self.call.status;
        self.call.failed(match e {
            sse_stream::Error::Body(e) => Error::body(status, e),
            e => BodyFailed::new(status, e.into()).into(),
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
                Some(Err(e)) => return Poll::Ready(Some(Err(self.failed(e)))),
            };
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
            .field("status", &self.call.status)
            .finish_non_exhaustive()
    }
}
