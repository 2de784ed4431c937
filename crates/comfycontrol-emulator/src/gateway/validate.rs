//! The classifier of requests that are within the limit and still never reach the API.

use http::header::{CONTENT_LENGTH, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};

use crate::responses::{Exchange, error_body};
use crate::{Body, Shape, Unauthorized};

/// Why a request is not for the API.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Invalid {
    BodyTooLarge,
    HeadersTooLarge,
    Unauthorized(Unauthorized),
    UriTooLong,
}

/// Checks the sizes that a head has and declares.
pub(super) fn validate(head: &Parts) -> Result<(), Invalid> {
    let uri = head.uri.path_and_query();
    let headers = head.headers.iter();
    // A line is the name, a colon, a space, the value and the end of the line.
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + 4);
    if uri.map_or(0, |uri| uri.as_str().len()) > MAX_URI {
        Err(Invalid::UriTooLong)
    } else if headers.sum::<usize>() > MAX_HEADERS {
        Err(Invalid::HeadersTooLarge)
    } else if declared_length(head).is_some_and(|length| length > MAX_BODY as u64) {
        Err(Invalid::BodyTooLarge)
    } else {
        Ok(())
    }
}

impl Invalid {
    pub(super) fn response(self, exchange: &Exchange) -> Response<Body> {
        match self {
            Self::BodyTooLarge => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                let body = error_body(status, "request body exceeds 50MB");
                exchange.response(status, "application/json", body)
            }
            Self::HeadersTooLarge => Shape::HeadersTooLarge.response_to(exchange),
            Self::Unauthorized(reason) => {
                let status = StatusCode::UNAUTHORIZED;
                let body = error_body(status, reason.message());
                let mut response = exchange.response(status, "application/json", body);
                // Not documented for this API, but RFC 9110 §15.5.2 asks for one.
                let challenge = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                response
            }
            Self::UriTooLong => Shape::UriTooLong.response_to(exchange),
        }
    }
}

fn declared_length(head: &Parts) -> Option<u64> {
    head.headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// What the API takes at most in one request: the documented 50 MB.
pub(crate) const MAX_BODY: usize = 50_000_000;
/// Cloudflare's bounds: 32 KB of URI, 128 KB of headers.
const MAX_URI: usize = 32 * 1024;
const MAX_HEADERS: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn check(request: http::request::Builder) -> Result<(), Invalid> {
        validate(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_bound_is_kept_up_to_its_last_byte() {
        let uri = |length: usize| Request::get(format!("/{}", "x".repeat(length - 1)));
        assert_eq!(check(uri(MAX_URI)), Ok(()));
        assert_eq!(check(uri(MAX_URI + 1)), Err(Invalid::UriTooLong));

        let heavy = |length: usize| Request::get("/").header("x", "x".repeat(length - 5));
        assert_eq!(check(heavy(MAX_HEADERS)), Ok(()));
        let verdict = check(heavy(MAX_HEADERS + 1));
        assert_eq!(verdict, Err(Invalid::HeadersTooLarge));

        let declared = |length: usize| Request::post("/").header(CONTENT_LENGTH, length);
        assert_eq!(check(declared(MAX_BODY)), Ok(()));
        let verdict = check(declared(MAX_BODY + 1));
        assert_eq!(verdict, Err(Invalid::BodyTooLarge));
    }
}
