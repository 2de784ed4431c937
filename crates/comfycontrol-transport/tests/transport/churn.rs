//! Callers that come and go while connections are made, fail, hang and break.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use comfycontrol_test::http2::{ACK, DATA, END_STREAM, Frame, HEADERS, PREFACE, SETTINGS, frame};
use comfycontrol_test::{SECOND, within};
use comfycontrol_transport::{Transport, TransportBuilder};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::frames::head;
use crate::server::{Identity, Server};
use crate::support::{Body, get};

/// Calls at once, of three runtimes of two threads each.
const CALLS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_ends_and_no_connection_is_left() {
    for alpn in ["h2", "http/1.1"] {
        let identity = Identity::new("localhost", &[alpn]);
        let open = Arc::new(AtomicUsize::new(0));
        let server = moody(identity.clone(), open.clone(), alpn == "h2").await;
        let transport: Transport<Body> = TransportBuilder::new()
            .root_certificate(identity.certificate())
            .connect_timeout(Duration::from_millis(150))
            .no_proxy()
            .build()
            .unwrap();
        let url = format!("https://localhost:{}/", server.port());
        let ended: Vec<_> = (0..3)
            .map(|seed| {
                let (transport, url) = (transport.clone(), url.clone());
                tokio::task::spawn_blocking(move || callers(transport, &url, seed))
            })
            .collect();
        let mut responses = 0;
        for ended in ended {
            responses += within(60 * SECOND, ended).await.unwrap();
        }
        assert!(responses > 0, "somebody was served");
        drop(transport);
        within(10 * SECOND, async {
            while open.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

/// How many of the callers on a runtime of their own have had a response. All of them end.
fn callers(transport: Transport<Body>, url: &str, seed: usize) -> usize {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut calls = JoinSet::new();
        for n in 0..CALLS / 3 {
            let (transport, url) = (transport.clone(), url.to_owned());
            calls.spawn(async move {
                tokio::time::sleep(Duration::from_millis((n * 7 + seed) as u64 % 90)).await;
                let patience = Duration::from_millis((n * 13 + seed) as u64 % 400);
                let asking = async {
                    let response = transport.oneshot(get(&url)).await?;
                    response.into_body().collect().await?;
                    Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
                };
                // Some have no patience, and some are polled a few times only.
                if n % 5 == 0 {
                    return few_polls(asking, n % 7).await;
                }
                let asked = tokio::time::timeout(patience, asking).await;
                asked.is_ok_and(|asked| asked.is_ok())
            });
        }
        let mut served = 0;
        while let Some(call) = calls.join_next().await {
            served += usize::from(call.unwrap());
        }
        served
    })
}

/// Polls so often, and then drops it.
async fn few_polls(
    asking: impl Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>>,
    polls: usize,
) -> bool {
    let mut asking = std::pin::pin!(asking);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return std::task::Poll::Ready(false);
        }
        left -= 1;
        asking.as_mut().poll(cx).map(|asked| asked.is_ok())
    })
    .await
}

/// A server that takes one connection, ends the next in the handshake, says nothing to the third,
/// breaks off the fourth after a few responses.
async fn moody(identity: Identity, open: Arc<AtomicUsize>, h2: bool) -> Server {
    let count = Arc::new(AtomicUsize::new(0));
    Server::start(move |client| {
        let (identity, open) = (identity.clone(), open.clone());
        let mood = count.fetch_add(1, Ordering::SeqCst) % 4;
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            serve(identity, client, mood, h2).await;
            open.fetch_sub(1, Ordering::SeqCst);
        }
    })
    .await
}

async fn serve(identity: Identity, mut client: TcpStream, mood: usize, h2: bool) {
    if mood == 1 {
        return;
    }
    if mood == 2 {
        while client.read(&mut [0; 4_096]).await.is_ok_and(|n| n > 0) {}
        return;
    }
    let Some(mut client) = identity.accept(client).await else {
        return;
    };
    let responses = if mood == 3 { 5 } else { usize::MAX };
    let _ = match h2 {
        true => respond_2(&mut client, responses).await,
        false => respond_1(&mut client, responses).await,
    };
}

async fn respond_1(
    client: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    responses: usize,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut given = 0;
    while given < responses {
        head.push(client.read_u8().await?);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            given += 1;
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
            client.write_all(response).await?;
            client.flush().await?;
        }
    }
    Ok(())
}

async fn respond_2(
    client: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin),
    responses: usize,
) -> std::io::Result<()> {
    let settings = [0, 3, 0, 0, 0, 16];
    client.write_all(&frame(SETTINGS, 0, 0, &settings)).await?;
    client.read_exact(&mut [0; PREFACE.len()]).await?;
    let mut given = 0;
    while given < responses {
        let came = Frame::read(client).await?;
        if came.kind == SETTINGS && came.flags == 0 {
            client.write_all(&frame(SETTINGS, ACK, 0, &[])).await?;
        }
        if came.kind == HEADERS {
            given += 1;
            let response = [
                head(came.stream, 200, &[]),
                frame(DATA, END_STREAM, came.stream, b"abc"),
            ];
            client.write_all(&response.concat()).await?;
        }
        client.flush().await?;
    }
    Ok(())
}
