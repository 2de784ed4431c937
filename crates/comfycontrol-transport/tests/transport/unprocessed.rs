//! What the server has certainly not processed is sent again (RFC 9113 §8.7).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use comfycontrol_test::http2::{END_STREAM, GOAWAY, HEADERS, RST_STREAM, frame};
use comfycontrol_transport::TransportErrorKind;
use tokio::task::JoinSet;

use crate::frames::{Asked, head, responding};
use crate::support::{get, post, send};

#[tokio::test]
async fn a_hundred_calls_on_a_connection_that_says_goodbye_at_once_get_their_responses() {
    let (server, transport) = responding(|request| match request {
        // To the last of those that came at once.
        Asked {
            connection: 0, nth, ..
        } => match nth {
            99 => frame(GOAWAY, 0, 0, &[0; 8]),
            _ => Vec::new(),
        },
        Asked { stream, .. } => ok(stream),
    })
    .await;
    let url = format!("https://localhost:{}/", server.port());
    let mut calls = JoinSet::new();
    for n in 0..100 {
        let (transport, url) = (transport.clone(), url.clone());
        // Short bodies are sent again, too.
        let request = if n % 2 == 0 { get(url) } else { post(url) };
        calls.spawn(async move { send(&transport, request).await.map(|res| res.status()) });
    }
    while let Some(status) = calls.join_next().await {
        assert_eq!(status.unwrap().unwrap(), 200);
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_call_whose_stream_is_refused_is_sent_again() {
    let (server, transport) = responding(|request| match request.nth {
        0..3 => refused(request.stream),
        _ => ok(request.stream),
    })
    .await;
    let url = format!("https://localhost:{}/", server.port());
    for request in [get(&url), post(&url)] {
        assert_eq!(send(&transport, request).await.unwrap().status(), 200);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn one_that_is_refused_again_and_again_is_an_error_after_four_times() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (server, transport) = {
        let asked = asked.clone();
        responding(move |request| {
            asked.fetch_add(1, Ordering::SeqCst);
            refused(request.stream)
        })
        .await
    };
    let request = get(format!("https://localhost:{}/", server.port()));
    let error = send(&transport, request).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert!(error.is_unprocessed());
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

// === support ===

fn ok(stream: u32) -> Vec<u8> {
    let mut head = head(stream, 200, &[]);
    assert_eq!(head[3], HEADERS);
    head[4] |= END_STREAM;
    head
}

fn refused(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &7_u32.to_be_bytes())
}
