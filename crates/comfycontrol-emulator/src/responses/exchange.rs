//! What a response says of its request: ray, time, host, and the JSON or HTML asked for.

use std::time::{Duration, SystemTime};

use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, DATE, HOST, RANGE, SERVER,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::body::Body;
use crate::random::mix;

/// One request and the instant of its response.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(super) ray: String,
    pub(super) wall_clock: SystemTime,
    pub(super) host: String,
    /// What stands after `Bearer`.
    pub(super) token: String,
    accept: Option<String>,
    accepts_gzip: bool,
}

impl Exchange {
    pub(crate) fn new(serial: u64, wall_clock: SystemTime, head: &Parts) -> Self {
        let host = head.uri.host().map(str::to_owned);
        Self {
            ray: ray(serial),
            wall_clock,
            host: host.or_else(|| text(head, HOST)).unwrap_or_default(),
            token: text(head, AUTHORIZATION)
                .and_then(|value| Some(value.split_once(' ')?.1.trim().to_owned()))
                .unwrap_or_default(),
            accept: text(head, ACCEPT),
            accepts_gzip: !head.headers.contains_key(RANGE)
                && text(head, ACCEPT_ENCODING).is_some_and(|value| accepts_gzip(&value)),
        }
    }

    /// An exchange of no particular request, for responses looked at on their own.
    pub(super) fn sample() -> Self {
        Self {
            ray: ray(0),
            wall_clock: SystemTime::UNIX_EPOCH + Duration::from_secs(1_705_314_600),
            host: "api.comfycontrol.app".to_owned(),
            token: "cfc_sample".to_owned(),
            accept: Some("application/json".to_owned()),
            accepts_gzip: false,
        }
    }

    /// Whether the whole of the response may come as gzip.
    pub(crate) fn accepts_gzip(&self) -> bool {
        self.accepts_gzip
    }

    /// The JSON media type this request prefers over HTML, if it does.
    ///
    /// As documented for Cloudflare: `application/json` or `application/problem+json`
    /// by name, the first listed on equal weight; `*/*` or nothing is HTML.
    pub(super) fn json_type(&self) -> Option<&'static str> {
        let mut best = ("text/html", 0.0);
        for range in self.accept.as_deref().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = match parts.next() {
                Some("application/json") => "application/json",
                Some("application/problem+json") => "application/problem+json",
                Some("text/html") => "text/html",
                _ => continue,
            };
            let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok());
            let weight: f32 = weight.unwrap_or(1.0);
            if weight > best.1 {
                best = (media, weight);
            }
        }
        (best.0 != "text/html").then_some(best.0)
    }

    /// A response with the headers every response has.
    pub(crate) fn response(
        &self,
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Body>,
    ) -> Response<Body> {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        self.sign(&mut response);
        if !content_type.is_empty() {
            let value = HeaderValue::from_static(content_type);
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        response
    }

    /// Adds what Cloudflare adds to all that passes through it.
    fn sign(&self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        headers.insert(DATE, date(self.wall_clock));
        headers.insert(SERVER, HeaderValue::from_static("cloudflare"));
        let ray = HeaderValue::from_str(&self.ray).expect("hexadecimal and letters");
        headers.insert(CF_RAY, ray);
    }
}

/// An HTTP-date (RFC 9110 §5.6.7).
pub(super) fn date(wall_clock: SystemTime) -> HeaderValue {
    // httpdate takes no years outside 1970 to 9999.
    let wall_clock = wall_clock.clamp(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + LATEST);
    HeaderValue::from_str(&httpdate::fmt_http_date(wall_clock)).expect("dates are ASCII")
}

/// The API's documented error body.
pub(crate) fn error_body(status: StatusCode, message: &str) -> String {
    // Written directly, to keep the documented order of the members.
    let message = serde_json::Value::from(message);
    format!(r#"{{"status":{},"message":{message}}}"#, status.as_u16())
}

/// Whether `accept-encoding` names gzip, or anything, with a weight (RFC 9110 §12.5.3).
fn accepts_gzip(value: &str) -> bool {
    let weight = |coding: &str| {
        value.split(',').find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(coding);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            named.then(|| weight.unwrap_or(1.0_f32))
        })
    };
    let weight = weight("gzip")
        .or_else(|| weight("x-gzip"))
        .or_else(|| weight("*"));
    weight.is_some_and(|weight| weight > 0.0)
}

fn ray(serial: u64) -> String {
    format!("{:016x}-FRA", mix(RAY_SEED, serial))
}

fn text(head: &Parts, name: HeaderName) -> Option<String> {
    let value = head.headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");
const RAY_SEED: u64 = 0x00ee_0a0e_5eed;
const LATEST: Duration = Duration::from_secs(253_402_300_799);

#[cfg(test)]
mod tests {
    use super::*;

    fn prefers(accept: &str) -> Option<&'static str> {
        let exchange = Exchange {
            accept: Some(accept.to_owned()),
            ..Exchange::sample()
        };
        exchange.json_type()
    }

    #[test]
    fn json_is_sent_only_to_those_who_name_it() {
        assert_eq!(prefers("application/json"), Some("application/json"));
        assert_eq!(
            prefers("application/problem+json, application/json"),
            Some("application/problem+json")
        );
        assert_eq!(prefers("text/html, application/json"), None);
        assert_eq!(
            prefers("text/html;q=0.5, application/json;q=0.9"),
            Some("application/json")
        );
        assert_eq!(prefers("application/json;q=0"), None);
        assert_eq!(prefers("*/*"), None);
        assert_eq!(prefers(""), None);
    }

    #[test]
    fn gzip_is_sent_only_to_those_who_accept_it() {
        for accepted in ["gzip", "br, GZIP;q=0.5", "x-gzip", "*", "gzip, *;q=0"] {
            assert!(accepts_gzip(accepted), "{accepted}");
        }
        for refused in ["", "identity", "br", "gzip;q=0, *", "*;q=0.0"] {
            assert!(!accepts_gzip(refused), "{refused}");
        }
    }

    #[test]
    fn the_error_body_is_the_documented_one() {
        let body = error_body(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded");
        assert_eq!(body, r#"{"status":429,"message":"Rate limit exceeded"}"#);
    }
}
