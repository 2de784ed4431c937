//! Connections that cannot be made, and such as break.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_emulator::{Emulator, Fault, FaultRule};
use comfycontrol_test::{Unserved, now};
use comfycontrol_transport::{TransportBuilder, TransportErrorKind};
use http::Request;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::io::AsyncReadExt;
use tower::ServiceExt;

use crate::server::Server;
use crate::support::{Body, builder, edge, get, post, send, transport};

#[tokio::test]
async fn a_port_on_which_nobody_listens_refuses() {
    let unserved = Unserved::new();
    let address = unserved.address();
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    for scheme in ["http", "https"] {
        let error = send(&transport, post(format!("{scheme}://{address}/"))).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::ConnectionRefused);
        assert!(error.is_unprocessed() && error.is_transient());
        assert_eq!(
            error.to_string(),
            "connection refused: check that a server listens at the base URL"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_ends_the_handshake_is_waited_for_so_long_and_no_longer() {
    let server = Server::silent().await;
    for timeout in [None, Some(Duration::from_secs(3))] {
        let mut builder = TransportBuilder::new().no_proxy();
        if let Some(timeout) = timeout {
            builder = builder.connect_timeout(timeout);
        }
        let began = now();
        let request = post(format!("https://{}/", server.address()));
        let error = send(&builder.build().unwrap(), request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::ConnectTimedOut);
        assert!(error.is_unprocessed() && error.is_transient());
        assert!(error.to_string().contains("raise connect_timeout"));
        let timeout = timeout.unwrap_or(TransportBuilder::DEFAULT_CONNECT_TIMEOUT);
        assert_eq!(began.elapsed(), timeout);
    }
}

#[tokio::test]
async fn what_breaks_in_the_handshake_was_never_sent() {
    // With and without having read: the one ends, the other is reset.
    for reads in [true, false] {
        let server = Server::start(move |mut client| async move {
            if reads {
                let _ = client.read(&mut [0; 4_096]).await;
            }
        })
        .await;
        let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
        let request = post(format!("https://{}/", server.address()));
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
        assert!(error.is_unprocessed() && error.is_transient());
        assert_eq!(
            error.to_string(),
            "connection broke before the request was sent"
        );
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn what_breaks_before_the_head_may_have_been_processed() {
    let emulator = edge().await;
    let transport = transport(&emulator);
    for url in [emulator.https_url(), emulator.http_url()] {
        emulator.faults().add(FaultRule::next(1, Fault::Reset));
        let error = send(&transport, post(&url)).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
        assert!(!error.is_unprocessed());
        assert!(error.is_transient());
        assert_eq!(
            error.to_string(),
            "connection broke before the response came"
        );
        // The broken connection is not used again.
        send(&transport, post(&url)).await.unwrap();
    }
    assert_eq!(
        emulator.captured_requests().len(),
        4,
        "nothing is sent twice"
    );
}

#[tokio::test]
async fn what_breaks_after_the_head_is_an_error_of_the_body() {
    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    let token = emulator.tokens().create("test", None);
    let transport = transport(&emulator);
    for url in [emulator.https_url(), emulator.http_url()] {
        emulator
            .faults()
            .add(FaultRule::next(1, Fault::ResetInBody));
        let mut request = get(format!("{url}/v1/user"));
        let token = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", token);
        let response = send(&transport, request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut body = response.into_body();
        assert!(body.frame().await.unwrap().is_ok());
        assert!(body.frame().await.unwrap().is_err());
    }
}

#[tokio::test]
async fn a_request_body_that_fails_is_not_the_connection_s_fault() {
    let emulator = edge().await;
    let transport = builder(&emulator).build::<Broken>().unwrap();
    for url in [emulator.https_url(), emulator.http_url()] {
        let request = Request::post(&url).body(Broken { sent: false }).unwrap();
        let error = transport.clone().oneshot(request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::RequestBody, "{error:?}");
        assert!(!error.is_unprocessed() && !error.is_transient());
    }
}

// === support ===

/// A body that yields something, and then fails.
struct Broken {
    sent: bool,
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let first = !std::mem::replace(&mut self.sent, true);
        Poll::Ready(Some(if first {
            Ok(Frame::data("some".into()))
        } else {
            Err(io::Error::other("file is gone"))
        }))
    }
}
