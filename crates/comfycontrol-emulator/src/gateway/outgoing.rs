//! Responses on their way out, and what faults do to them.

use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, VARY};
use http::{HeaderMap, HeaderValue, Response, Version};

use super::fault::Fault;
use super::faults::Strike;
use crate::api::{Payload, Subscription};
use crate::responses::Damage;
use crate::{Body, Coding, Ending, Length};

/// A response whose body is still to be made, and the faults that hit it.
#[derive(Debug)]
pub(crate) struct Outgoing {
    response: Response<Payload>,
    strike: Strike,
}

/// What a response does to its connection; among its extensions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OnConnection {
    /// So many `103 Early Hints` come first.
    pub(crate) early_hints: u32,
    /// No further request is taken.
    pub(crate) goes_away: bool,
}

impl Outgoing {
    pub(super) fn new(response: Response<Payload>, strike: Strike) -> Self {
        Self { response, strike }
    }

    /// The same response as gzip, if it is whole and has a body.
    pub(super) fn compressed(mut self) -> Self {
        let response = &mut self.response;
        let Payload::Body(body) = response.body_mut() else {
            return self;
        };
        if body.whole().is_some_and(|bytes| !bytes.is_empty())
            && !response.headers().contains_key(CONTENT_ENCODING)
        {
            self.response = self.response.map(|payload| match payload {
                Payload::Body(body) => Payload::Body(body.encoded(&Coding::Gzip)),
                events => events,
            });
            let headers = self.response.headers_mut();
            headers.insert(CONTENT_ENCODING, Coding::Gzip.name());
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        self
    }

    /// Makes the body; `subscribe` makes that of a subscription.
    pub(crate) fn into_response(
        self,
        subscribe: impl FnOnce(Subscription) -> Body,
    ) -> Response<Body> {
        let response = self.response.map(|payload| match payload {
            Payload::Body(body) => body,
            Payload::Events(subscription) => subscribe(subscription),
        });
        self.strike.iter().fold(response, befall)
    }
}

/// The response after this fault.
fn befall(mut response: Response<Body>, fault: &Fault) -> Response<Body> {
    let headers = response.headers_mut();
    let damage = match fault {
        Fault::ByteOrderMark => return response.map(Body::marked),
        Fault::EarlyHints(hints) => {
            on_connection(&mut response).early_hints = (*hints).min(MAX_EARLY_HINTS);
            return response;
        }
        Fault::Encode(coding) => {
            // Codings are listed in the order in which they were applied.
            let name = match headers.get(CONTENT_ENCODING) {
                Some(first) => [first.as_bytes(), b", ", coding.name().as_bytes()].concat(),
                None => coding.name().as_bytes().to_vec(),
            };
            if let Ok(name) = HeaderValue::from_bytes(&name) {
                headers.insert(CONTENT_ENCODING, name);
            }
            return response.map(|body| body.encoded(coding));
        }
        Fault::GoAway => {
            on_connection(&mut response).goes_away = true;
            return response;
        }
        Fault::Head { bytes, fields } => {
            pad(headers, *bytes, *fields);
            return response;
        }
        Fault::Length(length) => return tell(response, *length),
        Fault::WrongContentType => {
            let wrong = HeaderValue::from_static("text/html; charset=UTF-8");
            headers.insert(CONTENT_TYPE, wrong);
            return response;
        }
        Fault::EndInBody { after, ending } => Damage::end_after(*after, *ending),
        Fault::ResetInBody => Damage::end_at_half(Ending::Reset),
        Fault::Stall => Damage::STALL,
        Fault::Truncate => Damage::TRUNCATE,
        // These have done what they do before there was a response.
        Fault::Delay(_)
        | Fault::End(_)
        | Fault::Events(_)
        | Fault::File(_)
        | Fault::List(_)
        | Fault::LoseResponse { .. }
        | Fault::Reset
        | Fault::Respond(_) => return response,
    };
    response.map(|body| body.damaged(damage))
}

/// Says this of the length.
fn tell(mut response: Response<Body>, length: Length) -> Response<Body> {
    match length {
        Length::Chunked => {}
        Length::Is(bytes) => {
            response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
            return response.map(|body| body.hidden().abrupt());
        }
        Length::UntilClose => {
            *response.version_mut() = Version::HTTP_10;
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
    }
    response.map(Body::hidden)
}

/// Adds so many fields that take so many bytes together.
fn pad(headers: &mut HeaderMap, bytes: usize, fields: usize) {
    let fields = fields.min(MAX_FIELDS);
    let bytes = bytes.min(MAX_HEAD);
    for number in 0..fields {
        // The first ones are a byte longer if it does not divide evenly.
        let length = bytes / fields + usize::from(number < bytes % fields);
        let value = vec![b'x'; length.saturating_sub(FIELD)];
        let name = format!("x-padding-{number:04x}");
        let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_maybe_shared(bytes::Bytes::from(value)),
        ) else {
            continue;
        };
        headers.insert(name, value);
    }
}

fn on_connection(response: &mut Response<Body>) -> &mut OnConnection {
    response
        .extensions_mut()
        .get_or_insert_with(OnConnection::default)
}

/// The name of an added field, and what else a line of HTTP/1.1 has in addition to the value.
const FIELD: usize = "x-padding-0000: \r\n".len();
const MAX_EARLY_HINTS: u32 = 100_000;
const MAX_FIELDS: usize = 10_000;
const MAX_HEAD: usize = 16 << 20;
