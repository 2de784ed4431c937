//! What a server says when it ends an HTTP/2 connection or stream: what it means, and what is
//! shown.

use comfycontrol_test::http2::{DATA, GOAWAY, RST_STREAM, frame};
use comfycontrol_transport::TransportErrorKind;
use http_body_util::BodyExt;

use crate::frames::{head, responding, saying};
use crate::support::{post, send, shown};

/// The last words of a hostile server: a token, and what a terminal obeys.
const LAST_WORDS: &[u8] = b"bye cfc_secret0123 \x1b[31m\r\n";

#[tokio::test]
async fn only_a_server_that_says_so_has_not_processed_the_request() {
    const NO_ERROR: u32 = 0;
    const REFUSED_STREAM: u32 = 7;
    const CANCEL: u32 = 8;
    const ENHANCE_YOUR_CALM: u32 = 11;

    for (name, end, unprocessed) in [
        ("graceful", go_away(0, NO_ERROR), true),
        ("angry", go_away(0, ENHANCE_YOUR_CALM), false),
        (
            "refused",
            frame(RST_STREAM, 0, 1, &REFUSED_STREAM.to_be_bytes()),
            true,
        ),
        (
            "cancelled",
            frame(RST_STREAM, 0, 1, &CANCEL.to_be_bytes()),
            false,
        ),
    ] {
        // Over and over, where it is sent again.
        let (server, transport) = responding(move |request| match request.stream {
            1 => end.clone(),
            stream => frame(RST_STREAM, 0, stream, &REFUSED_STREAM.to_be_bytes()),
        })
        .await;
        let request = post(format!("https://localhost:{}/", server.port()));
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{name}: {error:?}");
        assert_eq!(error.is_unprocessed(), unprocessed, "{name}: {error:?}");
        assert!(error.is_transient());
        check(&shown(&error));
        check(&format!("{:?}", error.into_source()));
        let connections = if name == "graceful" { 4 } else { 1 };
        assert_eq!(server.connections(), connections, "{name}");
    }
}

#[tokio::test]
async fn in_the_middle_of_a_body_it_is_masked_as_well() {
    let response = head(1, 200, &[]);
    let some = frame(DATA, 0, 1, b"some");
    let (server, transport) = saying([response, some, go_away(0, 11)].concat()).await;
    let request = post(format!("https://localhost:{}/", server.port()));
    let response = send(&transport, request).await.unwrap();
    assert_eq!(response.status(), 200);
    let error = response.into_body().collect().await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("cfc_***"), "it does quote the server: {text}");
    check(&text);
}

// === support ===

#[track_caller]
fn check(text: &str) {
    assert!(!text.contains("secret0123"), "{text}");
    assert!(!text.contains(char::is_control), "{text}");
}

/// The server ends its connection with its last words.
fn go_away(last_stream: u32, code: u32) -> Vec<u8> {
    let payload = [
        &last_stream.to_be_bytes()[..],
        &code.to_be_bytes(),
        LAST_WORDS,
    ]
    .concat();
    frame(GOAWAY, 0, 0, &payload)
}
