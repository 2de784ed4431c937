mod bounded;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use comfycontrol::{
    BodyFailed, Error, InvalidJson, RequestBuilder, Response, ResponseContext, Timeouts,
    UnexpectedContentType,
};
use comfycontrol_core::Escaped;
use futures_core::Stream;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use sse_stream::SseStream;

use self::bounded::Bounded;

/// Streams the server-sent events of a response (HTML Standard, "Server-sent events").
///
/// It ends when the server closes the response. An event larger than 1 MiB is an error, comments
/// not counted, and so is a silence longer than [`Timeouts::stall`](comfycontrol::Timeouts::stall).
///
/// # Errors
///
/// An error is the last item: the body breaks off, a timeout passes, or an event is too large.
///
/// Made by [`open`](Self::open).
#[must_use = "streams do nothing unless polled"]
pub struct Events {
    // Boxed, so that callers can poll it without pinning it.
    inner: Pin<Box<SseStream<Bounded>>>,
    context: ResponseContext,
}

/// One server-sent event.
///
/// `Debug` shows how long the data is, not what it says: it may hold signed URLs.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// The type of the event, if it was named.
    pub event_type: Option<String>,
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
    /// Fails if the data is not the JSON of a `T`; the error names the path of the field that is
    /// wrong.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let kind = HeaderValue::from_static(EVENT_STREAM);
        let event = InvalidJson::read(StatusCode::OK, Some(&kind), self.data.as_bytes());
        event.map_err(Error::from)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &Option<String>| {
            let text = text.as_ref()?;
            Some(Escaped::new(text, 100).to_string())
        };
        f.debug_struct("Event")
            .field("event_type", &shown(&self.event_type))
            .field("data", &format_args!("({} bytes)", self.data.len()))
            .field("id", &shown(&self.id))
            .field("retry", &self.retry)
            .finish()
    }
}

impl Events {
    /// Sends a request and follows the events of its response.
    ///
    /// Asks for events uncompressed, with the timeouts of a [stream](Timeouts::stream) unless the
    /// client or the request has others. A timeout of the whole call ends the events too.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`], and if the response is not an event stream.
    pub async fn open(request: RequestBuilder) -> Result<Self, Error> {
        let response = request
            .default_timeouts(Timeouts::stream())
            .default_header(ACCEPT, ACCEPTED)
            // A compressor would hold events back until its block is full.
            .header(ACCEPT_ENCODING, IDENTITY)
            .send()
            .await?;
        Self::from_response(response)
    }

    /// Follows the events of a response.
    ///
    /// # Errors
    ///
    /// Fails if the content type is not `text/event-stream`.
    pub fn from_response(response: Response) -> Result<Self, Error> {
        let kind = response.headers().get(CONTENT_TYPE);
        let is_events = kind
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| {
                let essence = kind.split(';').next().unwrap_or_default().trim();
                essence.eq_ignore_ascii_case(EVENT_STREAM)
            });
        let context = response.context().clone();
        if !is_events {
            let status = response.status();
            return Err(context.error(UnexpectedContentType::new(status, EVENT_STREAM, kind)));
        }
        let body = response.into_http().into_body();
        Ok(Self {
            inner: Box::pin(SseStream::new(Bounded::new(body))),
            context,
        })
    }

    fn failed(&self, e: sse_stream::Error) -> Error {
        let status = self.context.status();
        let failed = |e| Error::from(BodyFailed::new(status, e));
        self.context.error(match e {
            sse_stream::Error::Body(e) => match e.downcast::<Error>() {
                Ok(error) => *error,
                Err(e) => failed(e),
            },
            e => failed(e.into()),
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
                    event_type: event.event,
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
            .field("status", &self.context.status())
            .finish_non_exhaustive()
    }
}

const EVENT_STREAM: &str = "text/event-stream";
/// The second makes the edge answer its own errors in JSON.
const ACCEPTED: HeaderValue = HeaderValue::from_static("text/event-stream, application/json;q=0.9");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
