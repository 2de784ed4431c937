//! How large the head of a response may be, and how much may come before it.

use comfycontrol_test::http2::END_STREAM;
use comfycontrol_transport::{Transport, TransportBuilder, TransportError, TransportErrorKind};
use http_body_util::BodyExt;

use crate::frames::{head, saying};
use crate::server::{Server, http_1};
use crate::support::{Body, get, send};

const KIB: usize = 1024;

#[tokio::test]
async fn a_429_with_a_head_of_256_kib_is_a_429() {
    for size in [17 * KIB, 100 * KIB, 255 * KIB] {
        let field = "x".repeat(size);
        let fields = [("retry-after", "10"), ("x-policy", &*field)];
        let mut frames = head(1, 429, &fields);
        frames[4] |= END_STREAM;
        let (secure, transport) = saying(frames).await;
        let response = send(&transport, get(https(&secure))).await.unwrap();
        assert_eq!((response.status().as_u16(), size), (429, size));
        assert_eq!(response.headers()["retry-after"], "10");

        let plain = http_1(text(429, &fields)).await;
        let response = send(&direct(), get(http(&plain))).await.unwrap();
        assert_eq!((response.status().as_u16(), size), (429, size));
    }
}

#[tokio::test]
async fn one_that_is_larger_is_an_error_that_names_the_bound_and_does_not_pass() {
    for size in [257 * KIB, 400 * KIB] {
        let field = "x".repeat(size);
        let (secure, transport) = saying(head(1, 429, &[("x-policy", &field)])).await;
        let error = send(&transport, get(https(&secure))).await.unwrap_err();
        check(&error, "response head is too large: 256 KiB of it are read");
        let plain = http_1(text(429, &[("x-policy", &field)])).await;
        let error = send(&direct(), get(http(&plain))).await.unwrap_err();
        check(&error, "response head is too large: 256 KiB of it are read");
    }
}

#[tokio::test]
async fn one_that_is_far_too_large_is_told_as_that_or_malformed() {
    let field = "x".repeat(1025 * KIB);
    let told = "response head is too large or malformed: 256 KiB of it are read, over HTTP/1.1 in \
                at most 100 fields";
    let (secure, transport) = saying(head(1, 429, &[("x-policy", &field)])).await;
    check(
        &send(&transport, get(https(&secure))).await.unwrap_err(),
        told,
    );
    let plain = http_1(text(429, &[("x-policy", &field)])).await;
    check(&send(&direct(), get(http(&plain))).await.unwrap_err(), told);

    // Of a field that is malformed h2 says the same.
    let (secure, transport) = saying(head(1, 429, &[("connection", "close")])).await;
    check(
        &send(&transport, get(https(&secure))).await.unwrap_err(),
        told,
    );
}

#[tokio::test]
async fn a_head_of_many_fields_is_read_over_http_2_and_told_over_http_1() {
    let fields = vec![("x-field", "x"); 1_000];
    let mut frames = head(1, 200, &fields);
    frames[4] |= END_STREAM;
    let (secure, transport) = saying(frames).await;
    let response = send(&transport, get(https(&secure))).await.unwrap();
    assert_eq!(response.headers().len(), 1_000);

    let plain = http_1(text(200, &fields[..99])).await;
    let response = send(&direct(), get(http(&plain))).await.unwrap();
    assert_eq!(response.headers().len(), 100);
    let plain = http_1(text(200, &fields[..101])).await;
    let error = send(&direct(), get(http(&plain))).await.unwrap_err();
    assert!(error.to_string().contains("at most 100 fields"), "{error}");
    assert_eq!(error.kind(), TransportErrorKind::ResponseHead);
}

#[tokio::test]
async fn informational_responses_without_end_are_an_error() {
    let hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
    let plain = http_1(hint.repeat(300) + &text(200, &[])).await;
    let error = send(&direct(), get(http(&plain))).await.unwrap_err();
    check(
        &error,
        "too many informational responses: 100 are read, and 256 KiB of them",
    );

    let plain = http_1(hint.repeat(100) + &text(200, &[])).await;
    let response = send(&direct(), get(http(&plain))).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "abc"
    );
}

// === support ===

#[track_caller]
fn check(error: &TransportError, told: &str) {
    assert_eq!(error.kind(), TransportErrorKind::ResponseHead, "{error:?}");
    assert!(!error.is_transient() && !error.is_unprocessed());
    assert_eq!(error.to_string(), told);
}

fn text(status: u16, fields: &[(&str, &str)]) -> String {
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: 3\r\n");
    for (name, value) in fields {
        text += &format!("{name}: {value}\r\n");
    }
    text + "\r\nabc"
}

fn direct() -> Transport<Body> {
    TransportBuilder::new().no_proxy().build().unwrap()
}

fn http(server: &Server) -> String {
    format!("http://{}/", server.address())
}

fn https(server: &Server) -> String {
    format!("https://localhost:{}/", server.port())
}
