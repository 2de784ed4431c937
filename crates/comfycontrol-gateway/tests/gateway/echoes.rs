use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use comfycontrol_emulator::{Echo, Emulator, Fault, FaultRule, Shape};

use crate::support::{Emulated, Scripted};

#[tokio::test]
async fn no_caller_learns_the_token_that_an_error_says_back() {
    for echo in Echo::ALL {
        let said = Fault::Respond(Shape::Echo(echo));
        let emulator = Emulator::builder().limit(None);
        let emulator = emulator.fault(FaultRule::next(9, said));
        let house = Emulated::of(emulator, |gateway| gateway).await;
        let response = house.running.get("/v1/user", "").await;
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
        assert!(response.contains("\"status\":401"), "{response}");
        assert!(response.contains("is not valid"), "{response}");
        let visible = |letter: &char| letter.is_ascii_graphic();
        let letters: String = response.chars().filter(visible).collect();
        let (_, secret) = house.token.split_once('_').expect("a prefix");
        for part in [&secret[..8], &secret[secret.len() - 8..]] {
            assert!(!letters.contains(part), "{echo:?}: {response}");
        }
    }
}

#[tokio::test]
async fn no_caller_learns_the_token_that_an_error_says_back_in_a_coding() {
    for (coding, body) in [("gzip", GZIP), ("br", BROTLI)] {
        let body = BASE64_STANDARD.decode(body).expect("base64");
        let head = format!(
            "HTTP/1.1 401 Unauthorized\r\ncontent-encoding: {coding}\r\nx-id: 1\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let upstream = Scripted::new([head.into_bytes(), body].concat()).await;
        let running = upstream.running();
        for accepts in ["", "accept-encoding: gzip, br\r\n"] {
            let response = running.get("/v1/user", accepts).await;
            assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
            assert!(response.contains("x-id: 1\r\n"), "{response}");
            assert!(!response.contains("content-encoding"), "{response}");
            let (_, body) = response.split_once("\r\n\r\n").expect("a head");
            let body: serde_json::Value = serde_json::from_str(body).expect("can be read");
            assert_eq!(body["status"], 401, "{response}");
            assert!(!response.contains("FAKE0secret"), "{response}");
        }
    }
}

/// An error that says a token back, in codings.
const GZIP: &str = "H4sIAAAAAAAAAwXBOwqAMAwA0KuEzA4RnLo56OIhJNT0g9qCiYqId/e9F9XYTkXXUd\
                    vgLqocBR1aErC6SgEf/Dz200Aq/hCjGsiSUGSTmx/ICqUaXLzlBb8f3Z87tFAAAAA=";
const BROTLI: &str = "G08AUIzUYs0Z7mTvjU/VLgtnE4pAUYKZfQvB28yUTh845AT8u1icBWLBRE4o\
                      DjiEz+8HDZZGwwHIuJa2tJKCi575yd0oo7JnqTc/NY9aWwYFBA==";

#[tokio::test]
async fn no_header_describes_a_body_that_was_replaced() {
    let said = "HTTP/1.1 429 Too Many Requests\r\netag: \"v1\"\r\ndigest: sha-256=AA==\r\n\
                content-md5: AA==\r\ncontent-type: text/plain\r\nx-id: 1\r\n\
                content-length: 34\r\n\r\nno: cfc_FAKE0secret0of0the0gateway";
    let upstream = Scripted::new(said).await;
    let response = upstream.running().get("/", "").await;
    assert!(response.starts_with("HTTP/1.1 429 "), "{response}");
    for kept in [
        "x-id: 1\r\n",
        "retry-after: ",
        "content-type: application/json\r\n",
    ] {
        assert_eq!(response.matches(kept).count(), 1, "{response}");
    }
    for gone in ["etag", "digest", "content-md5", "text/plain", "secret"] {
        assert!(!response.contains(gone), "{response}");
    }
}

#[tokio::test]
async fn no_caller_learns_the_token_that_a_header_says_back() {
    let said = "HTTP/1.1 200 OK\r\nx-echo: FAKE0secret0of0the0gateway\r\nx-id: 1\r\n\
                content-length: 5\r\n\r\nhello";
    let upstream = Scripted::new(said).await;
    let response = upstream.running().get("/", "").await;
    assert!(response.contains("x-id: 1\r\n"), "{response}");
    assert!(!response.contains("secret"), "{response}");
    assert!(response.ends_with("hello"), "{response}");
}
