//! What people get to see of an error, and what they must not.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_error::{ApiError, ErrorDecoder, ErrorDecoderLayer, ResponseFuture};
use comfycontrol_test::Scripted;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use tokio_test::{assert_ready_err, task};
use tower::{BoxError, Layer, Service};

const SECRET: &str = "cfc_s3cr3tS3cr3t";

#[test]
fn no_secret_is_shown_by_any_public_type() {
    let names = [
        "detail",
        "error_category",
        "error_name",
        "instance",
        "ray_id",
        "title",
        "type",
        "what_you_should_do",
    ];
    let members = names.map(|name| format!("\"{name}\":\"{SECRET}\""));
    for body in [
        SECRET.to_owned(),
        format!(r#"{{"message":"bad {SECRET}"}}"#),
        format!("{{{},\"cloudflare_error\":true}}", members.join(",")),
        format!("<title>{SECRET}</title>{SECRET}"),
    ] {
        for status in [302, 401, 503] {
            let shown = show_all(status, body.clone());
            assert!(!shown.to_ascii_lowercase().contains("s3cr3t"), "{shown}");
            assert!(shown.contains("set-cookie"), "{shown}");
        }
    }
}

#[test]
fn debug_shows_the_values_of_harmless_headers_and_no_body() {
    let mut marked = HeaderValue::from_static("proxy of mine");
    marked.set_sensitive(true);
    let mut response = Response::builder()
        .status(500)
        .header("cf-ray", "8f2d-FRA")
        .header("via", marked)
        .header("set-cookie", "session");
    for n in 0..1_000 {
        response = response.header(format!("x-{n}"), "0".repeat(1_000));
    }
    let response = response.body(Bytes::from(r#"{"a":"the body"}"#)).unwrap();
    let shown = format!("{:?}", ApiError::from_response(response));
    assert!(shown.contains(r#""cf-ray": "8f2d-FRA""#), "{shown}");
    assert!(shown.contains(r#""set-cookie": "***""#), "{shown}");
    // What a layer has marked as sensitive is so, by any name.
    assert!(shown.contains(r#""via": "***""#), "{shown}");
    assert!(shown.len() < 4_000, "{}", shown.len());
}

#[test]
fn display_is_one_line_with_what_helps() {
    for (status, headers, line) in [
        (500, vec![], "500 Internal Server Error"),
        (
            520,
            vec![("cf-ray", "8f2d-FRA")],
            "520 Web Server Returned An Unknown Error (ray 8f2d-FRA)",
        ),
        (
            503,
            vec![("retry-after", "90")],
            "503 Service Unavailable (retry after 90s)",
        ),
        (
            503,
            vec![("retry-after", "90"), ("cf-ray", "8f2d-FRA")],
            "503 Service Unavailable (retry after 90s, ray 8f2d-FRA)",
        ),
    ] {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        let error = ApiError::from_response(response.body(Bytes::new()).unwrap());
        assert_eq!(error.to_string(), line);
    }
}

// === support ===

/// All that can be seen of a response that holds the secret in every place it can.
fn show_all(status: u16, body: String) -> String {
    let mut response = Response::builder().status(status);
    for name in [
        "authorization",
        "cf-ray",
        "date",
        "location",
        "server",
        "set-cookie",
        SECRET,
    ] {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        response = response.header(name, SECRET);
    }
    let response = response.body(Breaks(Some(body.into()))).unwrap();
    let layer = ErrorDecoderLayer::new();
    let mut service: ErrorDecoder<Scripted<BoxError, _>> = layer.layer(Scripted::once(response));
    let call: ResponseFuture<_, _> = service.call(Request::new(()));
    let mut shown = format!("{layer:?} {call:?}");
    let error = *assert_ready_err!(task::spawn(call).poll())
        .downcast::<ApiError>()
        .unwrap();
    shown += &format!("{error} {error:?} {error:#?} {}", error.message());
    shown += &format!("{:?} {:?}", error.kind(), error.served_by());
    shown += &format!("{:?} {:?}", error.problem(), error.retry_class());
    shown += &format!("{:?} {:?}", error.body_error().unwrap(), error.cf_ray());
    shown += &error.body_error().unwrap().to_string();
    shown
}

/// A body that breaks off with an error that holds the secret.
#[derive(Debug)]
struct Breaks(Option<Bytes>);

impl Body for Breaks {
    type Data = Bytes;
    type Error = Leak;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Leak>>> {
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or(Leak(SECRET))))
    }
}

#[derive(Debug)]
struct Leak(&'static str);

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Leak {}
