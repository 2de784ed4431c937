//! Every shape of response that a client of the API has to expect.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::body::Body;
use super::denied::denied;
use super::echo::Echo;
use super::exchange::{Exchange, error_body};
use super::garbage::Garbage;
use super::pages::{branded, page, plain, short};
use super::problem::{PROBLEM, problem_1xxx, structured};
use super::throttled::Throttled;
use super::zeros::zeros;

/// A response of the API or the edge, sound or broken, whatever the request asked for.
///
/// ```
/// use comfycontrol_emulator::Shape;
///
/// let blocked = Shape::WafBlock.response();
/// assert_eq!(blocked.status(), 403);
/// assert_eq!(blocked.headers()["server"], "cloudflare");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// The API's documented JSON with this status and message.
    Api(StatusCode, String),
    /// 502 as the line `error code: 502`.
    BadGateway,
    /// 502 as a branded page.
    BadGatewayPage,
    /// This status, content type and body.
    Bytes(StatusCode, HeaderValue, Bytes),
    /// 403 with `cf-mitigated: challenge`; HTML whatever the request accepts.
    Challenge,
    /// 401 as the API's documented JSON, whose message says the request's token back.
    Echo(Echo),
    /// A body no client should trip over.
    Garbage(Garbage),
    /// 504 as the line `error code: 504`.
    GatewayTimeout,
    /// 504 as a branded page.
    GatewayTimeoutPage,
    /// 431 for headers above 128 KB.
    HeadersTooLarge,
    /// 413 for bodies above the plan's limit; HTML.
    PayloadTooLarge,
    /// 403 as the XML of an S3-like storage: a signed URL whose time is over.
    StorageDenied,
    /// A 5xx as Cloudflare's problem document, with its `Retry-After` where it has one:
    /// 500, 502, 504, 520 to 524, and 525, 526 without.
    Structured(StatusCode),
    /// 429 without the limit's doing.
    Throttled(Throttled),
    /// 503 as a page that names `cloudflare-nginx`: trouble at the edge. Its title is the
    /// status.
    Unavailable,
    /// 414 for URIs above 32 KB.
    UriTooLong,
    /// 403 as problem document 1020: a firewall rule.
    WafBlock,
    /// 200 as a list of so many zeros under this key, made while it is sent: as gzip (see
    /// [`Coding`](crate::Coding)) a few thousandths of it are on the wire.
    Zeros(String, u32),
}

impl Shape {
    /// One of each shape, with every form of a 429, of a structured 5xx and of garbage.
    ///
    /// Not in it are [`Bytes`](Self::Bytes), [`Echo`](Self::Echo) and [`Zeros`](Self::Zeros), which
    /// are what the caller makes of them.
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::Api(StatusCode::BAD_REQUEST, "name cannot be empty".to_owned()),
            Self::BadGateway,
            Self::BadGatewayPage,
            Self::Challenge,
            Self::GatewayTimeout,
            Self::GatewayTimeoutPage,
            Self::HeadersTooLarge,
            Self::PayloadTooLarge,
            Self::StorageDenied,
            Self::Unavailable,
            Self::UriTooLong,
            Self::WafBlock,
        ];
        all.extend(Throttled::all().map(Self::Throttled));
        let codes = [500, 502, 504, 520, 521, 522, 523, 524, 525, 526];
        let codes = codes
            .into_iter()
            .filter_map(|c| StatusCode::from_u16(c).ok());
        all.extend(codes.map(Self::Structured));
        all.extend(Garbage::ALL.map(Self::Garbage));
        all
    }

    /// The response to no request in particular: host, time and ray are samples, JSON is
    /// accepted, and a 429 has 10 s to wait.
    pub fn response(&self) -> Response<Body> {
        self.response_to(&Exchange::sample())
    }

    /// The response to this exchange.
    pub(crate) fn response_to(&self, exchange: &Exchange) -> Response<Body> {
        match self {
            Self::Api(status, message) => {
                exchange.response(*status, JSON, error_body(*status, message))
            }
            Self::BadGateway => short(StatusCode::BAD_GATEWAY, exchange),
            Self::BadGatewayPage => branded(StatusCode::BAD_GATEWAY, exchange),
            Self::Bytes(status, content_type, bytes) => {
                let mut response = exchange.response(*status, "", bytes.clone());
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, content_type.clone());
                response
            }
            Self::Challenge => {
                let body = page(
                    "Just a moment...",
                    "Checking your browser.",
                    exchange,
                    6_000,
                );
                let mut response = exchange.response(StatusCode::FORBIDDEN, HTML, body);
                let challenge = HeaderValue::from_static("challenge");
                response.headers_mut().insert(CF_MITIGATED, challenge);
                response
            }
            Self::Echo(echo) => {
                let status = StatusCode::UNAUTHORIZED;
                exchange.response(status, JSON, error_body(status, &echo.message(exchange)))
            }
            Self::Garbage(garbage) => garbage.response(exchange),
            Self::GatewayTimeout => short(StatusCode::GATEWAY_TIMEOUT, exchange),
            Self::GatewayTimeoutPage => branded(StatusCode::GATEWAY_TIMEOUT, exchange),
            Self::HeadersTooLarge => plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, exchange),
            Self::PayloadTooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE, exchange),
            Self::StorageDenied => {
                let message = "Request has expired";
                denied(StatusCode::FORBIDDEN, "AccessDenied", message, exchange)
            }
            Self::Structured(status) => structured(*status, exchange),
            Self::Throttled(throttled) => throttled.response(Duration::from_secs(10), exchange),
            Self::Unavailable => plain(StatusCode::SERVICE_UNAVAILABLE, exchange),
            Self::UriTooLong => plain(StatusCode::URI_TOO_LONG, exchange),
            Self::WafBlock => {
                let status = StatusCode::FORBIDDEN;
                let (name, category) = ("firewall_rule_blocked", "access_denied");
                let body = problem_1xxx(
                    1020,
                    status,
                    name,
                    category,
                    "Access denied",
                    None,
                    exchange,
                );
                exchange.response(status, exchange.json_type().unwrap_or(PROBLEM), body)
            }
            Self::Zeros(key, items) => exchange.response(StatusCode::OK, JSON, zeros(key, *items)),
        }
    }
}

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=UTF-8";
const CF_MITIGATED: HeaderName = HeaderName::from_static("cf-mitigated");
