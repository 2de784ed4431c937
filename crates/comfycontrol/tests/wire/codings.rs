//! Bodies that are encoded, as was asked for and otherwise.

use std::fmt::Debug;

use comfycontrol::encoding::UnexpectedContentEncoding;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Client, ClientBuilder, Error, ErrorKind, RateLimitMode, Response, Sent};
use comfycontrol_test::within;
use http::StatusCode;

use crate::raw::Raw;
use crate::support::LIMIT;

#[tokio::test]
async fn gzip_is_read_whatever_it_is_called() {
    for coding in ["gzip", "GZIP", "x-gzip", "identity, X-GZip,"] {
        let served = serve(200, &[("content-encoding", coding)], PACKED).await;
        let response = served.get().await.unwrap();
        assert!(response.headers().get("content-encoding").is_none());
        assert_eq!(response.text().await.unwrap(), "\"unpacked\"\n", "{coding}");
        assert!(served.asked("accept-encoding: gzip"));
    }
}

#[tokio::test]
async fn all_members_of_a_body_are_read() {
    let members = [PACKED, PACKED, PACKED].concat();
    let served = serve(200, GZIP, &members).await;
    let text = served.get().await.unwrap().text().await.unwrap();
    assert_eq!(text, "\"unpacked\"\n".repeat(3));
}

#[tokio::test]
async fn a_body_that_was_cut_short_is_an_error_and_no_half_text() {
    for length in 1..PACKED.len() {
        let served = serve(200, GZIP, &PACKED[..length]).await;
        let error = served.get().await.unwrap().text().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body, "{length}");
        assert_eq!(error.status(), Some(StatusCode::OK));
    }
    let served = serve(200, GZIP, &PACKED[..20]).await;
    let error = served.get().await.unwrap().text().await.unwrap_err();
    let shown = format!("{error:#}");
    assert!(
        shown.starts_with("response body broke off: gzip ends too early"),
        "{shown}"
    );
}

#[tokio::test]
async fn what_follows_a_body_in_gzip_is_an_error() {
    for rest in [&b"garbage"[..], &[0; 512]] {
        let served = serve(200, GZIP, &[PACKED, rest].concat()).await;
        let error = served.get().await.unwrap().text().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body);
    }
}

#[tokio::test]
async fn a_bound_counts_what_comes_out() {
    let served = serve(200, GZIP, PACKED).await;
    let response = served.get().await.unwrap().with_max_body(10);
    let error = response.text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
}

#[tokio::test]
async fn a_coding_that_was_not_asked_for_is_named_and_not_read_as_text() {
    for (coding, named) in [
        ("br", "br"),
        ("zstd", "zstd"),
        ("deflate", "deflate"),
        ("gzip, br", "gzip, br"),
        ("gzip,gzip", "gzip, gzip"),
        ("rot13\tcfc_abc123", "rot13\\tcfc_***"),
    ] {
        let served = serve(200, &[("content-encoding", coding)], b"\x0b\x02\x80{}\x03").await;
        // Not sent again either: the server would do the same.
        let client = builder(&served.raw).build().unwrap();
        let error = unread(client.get("/").send().await);
        assert_eq!(
            error.to_string(),
            format!("200 response is encoded as {named}, which was not asked for")
        );
        assert_eq!(served.raw.heads().len(), 1);
    }
}

#[tokio::test]
async fn a_failure_keeps_its_status_whatever_its_body_is_encoded_in() {
    for status in [429, 500] {
        let served = serve(status, &[("content-encoding", "br")], b"\x0b\x02\x80{}\x03").await;
        let error = served.get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.status().unwrap(), status);
        assert!(error.to_string().is_ascii(), "{error}");
    }
}

#[tokio::test]
async fn who_asks_for_a_coding_gets_its_bytes_as_they_are() {
    let served = serve(200, GZIP, PACKED).await;
    let asking = served.client.get("/").header("accept-encoding", "gzip");
    let response = asking.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.content_length(), Some(PACKED.len() as u64));
    assert_eq!(response.bytes().await.unwrap(), PACKED);

    let asking = served.client.get("/").header("accept-encoding", "br");
    assert_eq!(unread(asking.send().await).content_encoding(), "gzip");
}

#[tokio::test]
async fn a_range_is_asked_for_as_it_is_and_never_decoded() {
    let served = serve(206, &[("content-range", "bytes 0-3/9")], b"part").await;
    let ranged = || served.client.get("/").header("range", "bytes=0-3");
    assert_eq!(ranged().send().await.unwrap().text().await.unwrap(), "part");
    assert!(served.asked("accept-encoding: identity"));

    let served = serve(206, GZIP, PACKED).await;
    let ranged = served.client.get("/").header("range", "bytes=0-3");
    assert_eq!(unread(ranged.send().await).status(), 206);
}

// === support ===

/// `"unpacked"` and a line end.
const PACKED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x53\x2a\xcd\x2b\x48\x4c\xce\x4e\x4d\x51\xe2\x02\x00\x8a\xb5\xe4\xd4\x0b\x00\x00\x00";

const GZIP: &[(&str, &str)] = &[("content-encoding", "gzip")];

struct Served {
    client: Client,
    raw: Raw,
}

impl Served {
    async fn get(&self) -> Result<Response, Error> {
        within(LIMIT, self.client.get("/").send()).await
    }

    /// Whether all requests had this line in their heads.
    fn asked(&self, line: &str) -> bool {
        let heads = self.raw.heads();
        !heads.is_empty() && heads.iter().all(|head| head.lines().any(|l| l == line))
    }
}

/// A server that responds so to everything, and its client.
async fn serve(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Served {
    let mut response = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        response += &format!("{name}: {value}\r\n");
    }
    response += &format!("content-length: {}\r\n\r\n", body.len());
    let response = [response.as_bytes(), body].concat();
    let raw = Raw::start(move |_| response.clone()).await;
    let client = builder(&raw).retry(RetryPolicy::none()).build().unwrap();
    Served { client, raw }
}

fn builder(raw: &Raw) -> ClientBuilder {
    let builder = Client::builder().without_token().base_url(raw.url());
    builder.rate_limit(RateLimitMode::Off)
}

fn unread<T: Debug>(result: Result<T, Error>) -> UnexpectedContentEncoding {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.sent(), Sent::Yes);
    assert!(!error.is_retryable());
    error
        .as_cause::<UnexpectedContentEncoding>()
        .unwrap()
        .clone()
}
