//! Calls that come at once to a server that no call has reached before.

use std::sync::Arc;
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Fault, FaultRule, Shape};
use comfycontrol_test::{SECOND, until, within};
use comfycontrol_transport::{Transport, TransportBuilder, TransportErrorKind};
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Barrier, Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::server::{Identity, Server};
use crate::support::{Body, builder, edge, get, send, transport};

#[tokio::test]
async fn two_hundred_calls_at_once_make_one_connection_over_http_2() {
    for calls in [40, 200] {
        let emulator = edge().await;
        let transport = transport(&emulator);
        at_once(&transport, &emulator.https_url(), calls).await;
        assert_eq!(connections(&emulator), 1, "{calls} calls");
    }
}

#[tokio::test]
async fn over_http_1_a_call_has_a_connection_of_its_own_of_eight() {
    let emulator = edge().await;
    let transport = transport(&emulator);
    at_once(&transport, &emulator.http_url(), 40).await;
    let made = connections(&emulator);
    assert!((1..=8).contains(&made), "{made} connections");
}

#[tokio::test]
async fn times_of_nothing_and_without_end_keep_no_call_from_its_response() {
    let emulator = edge().await;
    for time in [Duration::ZERO, Duration::MAX] {
        let transport = TransportBuilder::new()
            .no_proxy()
            .root_certificate(emulator.ca_der())
            .idle_timeout(time)
            .max_connection_age(time)
            .keep_alive(time.max(Duration::from_secs(1)), time)
            .build()
            .unwrap();
        for url in [emulator.http_url(), emulator.https_url()] {
            at_once(&transport, &url, 20).await;
        }
    }
    // Twice eight over HTTP/1.1, and a few for what was closed when no call used it.
    assert!(connections(&emulator) <= 2 * (20 + 1));
}

#[tokio::test]
async fn a_first_caller_that_goes_leaves_the_connection_to_the_others() {
    let identity = Identity::new("localhost", &["http/1.1"]);
    let gate = Arc::new(Semaphore::new(0));
    let server = {
        let (identity, gate) = (identity.clone(), gate.clone());
        Server::start(move |client| {
            let (identity, gate) = (identity.clone(), gate.clone());
            async move {
                gate.acquire().await.unwrap().forget();
                if let Some(client) = identity.accept(client).await {
                    respond(client).await;
                }
            }
        })
        .await
    };
    let transport = trusting(&identity);
    let url = format!("https://localhost:{}/", server.port());
    let first = tokio::spawn(ask(transport.clone(), url.clone()));
    until(|| server.connections() == 1).await;
    let second = tokio::spawn(ask(transport.clone(), url.clone()));
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    gate.add_permits(10);
    assert_eq!(second.await.unwrap(), Ok(200));
    // And to those who come later.
    assert_eq!(ask(transport, url).await, Ok(200));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_tried_once_for_all_who_wait() {
    let (refuse, refused) = oneshot::channel::<()>();
    let refused = Arc::new(tokio::sync::Mutex::new(Some(refused)));
    let server = Server::start(move |client| {
        let refused = refused.clone();
        async move {
            // The first waits to be told; all end without a word.
            if let Some(refused) = refused.lock().await.take() {
                let _ = refused.await;
            }
            drop(client);
        }
    })
    .await;
    let identity = Identity::new("localhost", &["h2"]);
    let transport = trusting(&identity);
    let url = format!("https://localhost:{}/", server.port());
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        calls.spawn(ask(transport.clone(), url.clone()));
    }
    until(|| server.connections() == 1).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    refuse.send(()).unwrap();
    while let Some(failed) = calls.join_next().await {
        assert_eq!(failed.unwrap(), Err((TransportErrorKind::Reset, true)));
    }
    assert_eq!(server.connections(), 1);
    // No herd afterwards, and each batch is told again.
    assert_eq!(
        ask(transport, url).await,
        Err((TransportErrorKind::Reset, true))
    );
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_session_is_resumed_by_the_next_connection() {
    let identity = Identity::new("localhost", &["http/1.1"]);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = {
        let identity = identity.clone();
        Server::start(move |client| {
            let (identity, tell) = (identity.clone(), tell.clone());
            async move {
                if let Some(mut client) = identity.accept(client).await {
                    let kind = client.get_ref().1.handshake_kind();
                    let _ = tell.send(format!("{kind:?}"));
                    let mut head = [0; 4_096];
                    let _ = client.read(&mut head).await;
                    let response =
                        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                    let _ = client.write_all(response).await;
                    let _ = client.shutdown().await;
                }
            }
        })
        .await
    };
    let transport = trusting(&identity);
    let url = format!("https://localhost:{}/", server.port());
    for kind in ["Some(Full)", "Some(Resumed)"] {
        assert_eq!(ask(transport.clone(), url.clone()).await, Ok(200));
        assert_eq!(told.recv().await.unwrap(), kind);
    }
}

#[tokio::test]
async fn a_call_goes_past_responses_that_nobody_reads_by_another_connection() {
    // 8 MiB each, of which the connection takes 32.
    goes_past(5, |settings| settings).await;
    goes_past(1, |settings| settings.max_unread(1 << 20)).await;
}

#[tokio::test]
async fn as_many_unused_connections_are_kept_as_were_set() {
    for kept in 0..=3 {
        let gate = Arc::new(Barrier::new(3));
        let server = Server::start(move |mut client| {
            let gate = gate.clone();
            async move {
                // Each three are under way at the same time.
                while head(&mut client).await {
                    gate.wait().await;
                    _ = client.write_all(EMPTY).await;
                }
            }
        })
        .await;
        let settings = TransportBuilder::new().no_proxy();
        let settings = settings.root_certificate(Identity::new("a", &[]).certificate());
        let transport = settings.max_idle_per_origin(kept).build().unwrap();
        let url = format!("http://{}/", server.address());
        at_once(&transport, &url, 3).await;
        assert_eq!(server.connections(), 3);
        at_once(&transport, &url, 3).await;
        assert_eq!(server.connections(), 6 - kept, "{kept} kept");
    }
}

// === support ===

fn trusting(identity: &Identity) -> Transport<Body> {
    TransportBuilder::new()
        .root_certificate(identity.certificate())
        .no_proxy()
        .build()
        .unwrap()
}

/// The status, or what went wrong, and whether the request was certainly not processed.
async fn ask(transport: Transport<Body>, url: String) -> Result<u16, (TransportErrorKind, bool)> {
    let response = send(&transport, get(url)).await;
    let response = response.map_err(|e| (e.kind(), e.is_unprocessed()))?;
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    Ok(status)
}

async fn at_once(transport: &Transport<Body>, url: &str, calls: usize) {
    let mut asked = JoinSet::new();
    for _ in 0..calls {
        asked.spawn(ask(transport.clone(), url.to_owned()));
    }
    while let Some(status) = asked.join_next().await {
        assert_eq!(status.unwrap(), Ok(200));
    }
}

/// Leaves so many responses unread, and calls until another connection is made.
async fn goes_past(responses: usize, set: impl FnOnce(TransportBuilder) -> TransportBuilder) {
    let large = Fault::Respond(Shape::Zeros("zeros".to_owned(), 4 << 20));
    // Its body needs room too.
    let small = Fault::Respond(Shape::Api(StatusCode::OK, "small".to_owned()));
    let emulator = Emulator::builder()
        .limit(None)
        .without_api()
        .fault(FaultRule::next(5, large).path("/"))
        .fault(FaultRule::next(1_000, small).path("/small"))
        .start()
        .await
        .unwrap();
    let transport = set(builder(&emulator)).build().unwrap();
    let url = emulator.https_url();
    let mut unread = Vec::new();
    for _ in 0..responses {
        unread.push(send(&transport, get(&url)).await.unwrap());
    }
    // Until the server has sent as much as it may.
    let small = async {
        while connections(&emulator) == 1 {
            assert_eq!(
                ask(transport.clone(), format!("{url}/small")).await,
                Ok(200)
            );
        }
    };
    within(20 * SECOND, small).await;
    assert_eq!(connections(&emulator), 2);
}

/// How many connections have carried a request.
fn connections(emulator: &Emulator) -> usize {
    let mut seen: Vec<_> = emulator
        .captured_requests()
        .iter()
        .map(|seen| seen.connection())
        .collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

/// Gives each request an empty 200.
async fn respond(mut client: impl AsyncRead + AsyncWrite + Unpin) {
    while head(&mut client).await {
        let _ = client.write_all(EMPTY).await;
        let _ = client.flush().await;
    }
}

/// Whether the head of a request has come, before the end.
async fn head(client: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut head = Vec::new();
    while let Ok(byte) = client.read_u8().await {
        head.push(byte);
        if head.ends_with(b"\r\n\r\n") {
            return true;
        }
    }
    false
}

const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
