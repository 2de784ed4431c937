//! Connections that fail while they are made: what is told, and what is tried again.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use comfycontrol::{Client, Error, Sent, TransportError, TransportErrorKind};
use comfycontrol_test::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::LIMIT;

#[tokio::test]
async fn a_connection_that_breaks_in_the_handshake_is_tried_again_for_nothing_was_sent() {
    // With and without having read: the one ends, the other is reset.
    for reads in [true, false] {
        let (error, times) = post_to(move |mut client| async move {
            if reads {
                let _ = client.read(&mut [0; 4_096]).await;
            }
        })
        .await;
        let transport = error.as_cause::<TransportError>().unwrap();
        assert_eq!(transport.kind(), TransportErrorKind::Reset, "{error:#}");
        assert!(transport.is_unprocessed());
        assert_eq!(error.sent(), Sent::No);
        assert!(error.is_retryable(), "though it is a POST");
        assert_eq!(
            error.to_string(),
            "connection broke before the request was sent"
        );
        assert_eq!(times, 3);
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_asked_again() {
    let (error, times) = post_to(|mut client| async move {
        let _ = client.read(&mut [0; 4_096]).await;
        let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = client.read(&mut [0; 4_096]).await;
    })
    .await;
    let transport = error.as_cause::<TransportError>().unwrap();
    assert_eq!(transport.kind(), TransportErrorKind::Tls, "{error:#}");
    assert_eq!(error.sent(), Sent::No);
    assert!(!error.is_retryable());
    assert_eq!(times, 1);
}

// === support ===

/// What becomes of a POST to a server that treats each connection so, and how many there were.
async fn post_to<F>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> (Error, usize)
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let serving = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            treat(client).await;
        }
    });
    let client = Client::builder().without_token().base_url(url).no_proxy();
    let client = client.build().unwrap();
    let error = within(LIMIT, client.post("/v1/workflow").body("{}").send()).await;
    serving.abort();
    (error.unwrap_err(), count.load(Ordering::Relaxed))
}
