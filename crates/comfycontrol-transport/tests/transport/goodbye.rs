//! What a server says when it ends an HTTP/2 connection or stream: what it means, and what is shown.

use comfycontrol_transport::{Transport, TransportBuilder, TransportErrorKind};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Identity, Server};
use crate::support::{Body, post, send, shown};

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
        let (server, transport) = ending_with(end).await;
        let request = post(format!("https://localhost:{}/", server.port()));
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{name}: {error:?}");
        assert_eq!(error.is_unprocessed(), unprocessed, "{name}: {error:?}");
        assert!(error.is_transient());
        check(&shown(&error));
        check(&format!("{:?}", error.into_source()));
        assert_eq!(server.connections(), 1, "{name}: nothing is sent twice");
    }
}

#[tokio::test]
async fn in_the_middle_of_a_body_it_is_masked_as_well() {
    let response = frame(HEADERS, END_HEADERS, 1, &[STATUS_200]);
    let some = frame(DATA, 0, 1, b"some");
    let (server, transport) = ending_with([response, some, go_away(0, 11)].concat()).await;
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

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;
const END_HEADERS: u8 = 4;
/// `:status: 200` in the static table of HPACK.
const STATUS_200: u8 = 0x88;

/// A frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn go_away(last_stream: u32, code: u32) -> Vec<u8> {
    let payload = [
        &last_stream.to_be_bytes()[..],
        &code.to_be_bytes(),
        LAST_WORDS,
    ]
    .concat();
    frame(GO_AWAY, 0, 0, &payload)
}

/// A server that sends these frames once a request has come, and a transport that trusts it.
async fn ending_with(end: Vec<u8>) -> (Server, Transport<Body>) {
    let identity = Identity::new("localhost", &["h2"]);
    let transport = TransportBuilder::new()
        .root_certificate(identity.certificate())
        .no_proxy()
        .build()
        .unwrap();
    let server = Server::start(move |client| {
        let (identity, end) = (identity.clone(), end.clone());
        async move {
            let Some(mut client) = identity.accept(client).await else {
                return;
            };
            client.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
            let mut preface = [0; 24];
            client.read_exact(&mut preface).await.unwrap();
            loop {
                let mut head = [0; 9];
                client.read_exact(&mut head).await.unwrap();
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; length as usize];
                client.read_exact(&mut payload).await.unwrap();
                if head[3] == HEADERS {
                    break;
                }
            }
            client.write_all(&end).await.unwrap();
            client.flush().await.unwrap();
            // Until the client has gone.
            while client.read(&mut [0; 4_096]).await.is_ok_and(|n| n > 0) {}
        }
    });
    (server.await, transport)
}
