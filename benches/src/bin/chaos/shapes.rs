//! What responses look like.

use std::io::Write;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use comfycontrol_emulator::{Body, RetryAfter, Shape, Throttled};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;

use crate::plan::Fault;

pub(crate) fn success() -> Response<()> {
    let response = Response::builder().header(CONTENT_TYPE, "application/octet-stream");
    response.body(()).expect("a response")
}

/// A failure of the server, in one of the shapes of [`FAILURES`](crate::plan::FAILURES).
pub(crate) fn failure(number: u8) -> Response<Body> {
    let message = r#"{"status":500,"message":"Internal server error"}"#.to_owned();
    let shape = match number {
        0 => Shape::BadGateway,
        1 => Shape::BadGatewayPage,
        2 => Shape::GatewayTimeout,
        3 => Shape::GatewayTimeoutPage,
        4 => Shape::Unavailable,
        5 => Shape::Structured(StatusCode::BAD_GATEWAY),
        6 => Shape::Structured(StatusCode::from_u16(520).expect("a status")),
        _ => Shape::Api(StatusCode::INTERNAL_SERVER_ERROR, message),
    };
    let mut response = shape.response();
    // A wait of a minute or two would be all that is tried.
    response.headers_mut().remove("retry-after");
    response
}

/// A 429, in one of the shapes of [`THROTTLED`](crate::plan::THROTTLED).
pub(crate) fn throttled(number: u8) -> Response<Body> {
    let shapes = Throttled::all();
    let shape = shapes[usize::from(number) % shapes.len()].clone();
    #[expect(clippy::disallowed_methods, reason = "this is the outermost shell")]
    let now = SystemTime::now();
    let date = |at| HeaderValue::try_from(httpdate::fmt_http_date(at)).expect("a date");
    let wait = match usize::from(number) / shapes.len() {
        0 => RetryAfter::Absent,
        1 => RetryAfter::Value(HeaderValue::from_static("1")),
        _ => RetryAfter::Value(date(now + Duration::from_secs(2))),
    };
    let mut response = Shape::Throttled(shape.retry_after(wait)).response();
    response.headers_mut().insert(DATE, date(now));
    response
}

/// An error that shows the token of a request.
pub(crate) fn echo(head: &Parts, form: u8) -> Response<Body> {
    let field = head.headers.get(AUTHORIZATION);
    let token = field.and_then(|field| field.to_str().ok()?.strip_prefix("Bearer "));
    let token = token.unwrap_or_default();
    let token = match form {
        0 => token.to_owned(),
        1 => token.replace("cfc_", ""),
        _ => token.replace("cfc_", "cfc_\u{200b}"),
    };
    let message = format!(r#"{{"status":400,"message":"no such token: {token}"}}"#);
    Shape::Api(StatusCode::BAD_REQUEST, message).response()
}

/// A response whose coding or head is odd, or one as it should be.
pub(crate) fn coded(fault: Option<Fault>, whole: Bytes) -> (Response<()>, Bytes) {
    let mut head = success();
    let headers = head.headers_mut();
    let body = match fault {
        Some(Fault::Gzip) => gzip(headers, &[&whole]),
        Some(Fault::GzipMembers) => {
            let (first, last) = whole.split_at(whole.len() / 2);
            gzip(headers, &[first, last])
        }
        Some(Fault::GzipCut) => {
            let coded = gzip(headers, &[&whole]);
            coded.slice(..coded.len() - 9)
        }
        Some(Fault::GzipWrongSum) => {
            let mut coded = gzip(headers, &[&whole]).to_vec();
            let sum = coded.len() - 8;
            coded[sum] ^= 1;
            coded.into()
        }
        Some(Fault::UnknownCoding) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
            whole
        }
        Some(Fault::LargeHead) => {
            let large = HeaderValue::try_from("x".repeat(100_000)).expect("a value");
            headers.insert("x-large", large);
            whole
        }
        Some(Fault::ManyFields) => {
            for number in 0..500 {
                let name = HeaderName::try_from(format!("x-field-{number}")).expect("a name");
                headers.insert(name, HeaderValue::from_static("x"));
            }
            whole
        }
        _ => whole,
    };
    (head, body)
}

fn gzip(headers: &mut HeaderMap, members: &[&[u8]]) -> Bytes {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let mut coded = Vec::new();
    for member in members {
        let mut encoder = GzEncoder::new(&mut coded, Compression::fast());
        encoder.write_all(member).expect("memory takes all");
        encoder.finish().expect("memory takes all");
    }
    coded.into()
}

/// A shape, its body in one piece.
pub(crate) async fn whole(shape: Response<Body>) -> (Response<()>, Bytes) {
    let (head, body) = shape.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    (Response::from_parts(head, ()), body)
}
