//! A connection that cannot be made while others are open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comfycontrol_test::{SECOND, within};
use comfycontrol_transport::{Transport, TransportBuilder, TransportErrorKind};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::server::{Identity, Server};
use crate::support::{Body, get, send};

#[tokio::test]
async fn a_call_whose_connection_cannot_be_made_waits_for_one_that_is_open() {
    let world = World::new().await;
    let mut calls = JoinSet::new();
    calls.spawn(world.call());
    world.until_connections(1).await;
    // The server takes no other.
    for _ in 0..9 {
        calls.spawn(world.call());
    }
    world.until_connections(2).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.gate.add_permits(10);
    while let Some(ended) = calls.join_next().await {
        assert_eq!(ended.unwrap(), Ok(200));
    }
}

#[tokio::test]
async fn calls_that_come_while_none_can_be_made_are_no_herd_of_connections() {
    let world = World::new().await;
    let mut calls = JoinSet::new();
    calls.spawn(world.call());
    world.until_connections(1).await;
    for _ in 0..100 {
        calls.spawn(world.call());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Seven at once at first, of eight: after 100 ms, 200 ms and so on as many.
    let made = world.server.connections();
    assert!(made <= 1 + 8 * 7, "{made} connections");
    world.gate.add_permits(200);
    while let Some(ended) = calls.join_next().await {
        assert_eq!(ended.unwrap(), Ok(200));
    }
}

#[tokio::test]
async fn who_has_no_open_connection_to_wait_for_is_told_why_none_could_be_made() {
    let world = World::new().await;
    let mut calls = JoinSet::new();
    calls.spawn(world.call());
    world.until_connections(1).await;
    calls.spawn(world.call());
    world.until_connections(2).await;
    // The one that is open breaks, with a call on it.
    world.breaks.store(true, Ordering::SeqCst);
    world.gate.add_permits(1);
    let mut unsent: Vec<_> = Vec::new();
    while let Some(ended) = calls.join_next().await {
        let (kind, is_unsent) = ended.unwrap().unwrap_err();
        assert_eq!(kind, TransportErrorKind::Reset);
        unsent.push(is_unsent);
    }
    unsent.sort_unstable();
    assert_eq!(unsent, [false, true]);
}

// === support ===

/// A server that takes one connection only, and responds on it as often as the gate lets it.
struct World {
    server: Server,
    transport: Transport<Body>,
    gate: Arc<Semaphore>,
    breaks: Arc<AtomicBool>,
}

impl World {
    async fn new() -> Self {
        let identity = Identity::new("localhost", &["http/1.1"]);
        let gate = Arc::new(Semaphore::new(0));
        let breaks = Arc::new(AtomicBool::new(false));
        let taken = Arc::new(AtomicBool::new(false));
        let server = {
            let (identity, gate, breaks) = (identity.clone(), gate.clone(), breaks.clone());
            Server::start(move |client| {
                let is_first = !taken.swap(true, Ordering::SeqCst);
                let (identity, gate) = (identity.clone(), gate.clone());
                let breaks = breaks.clone();
                async move {
                    if is_first {
                        serve(identity, client, &gate, &breaks).await;
                    }
                }
            })
            .await
        };
        let transport = TransportBuilder::new()
            .root_certificate(identity.certificate())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            server,
            transport,
            gate,
            breaks,
        }
    }

    /// The status, or what went wrong, and whether the request was certainly not processed.
    fn call(&self) -> impl Future<Output = Result<u16, (TransportErrorKind, bool)>> + Send + use<> {
        let transport = self.transport.clone();
        let url = format!("https://localhost:{}/", self.server.port());
        async move {
            let response = send(&transport, get(url)).await;
            let response = response.map_err(|e| (e.kind(), e.is_unprocessed()))?;
            let status = response.status().as_u16();
            response.into_body().collect().await.unwrap();
            Ok(status)
        }
    }

    async fn until_connections(&self, count: usize) {
        let reached = async {
            while self.server.connections() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        within(20 * SECOND, reached).await;
    }
}

async fn serve(identity: Identity, client: TcpStream, gate: &Semaphore, breaks: &AtomicBool) {
    let Some(mut client) = identity.accept(client).await else {
        return;
    };
    let mut head = Vec::new();
    while let Ok(byte) = client.read_u8().await {
        head.push(byte);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            gate.acquire().await.unwrap().forget();
            if breaks.load(Ordering::SeqCst) {
                return;
            }
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            let _ = client.write_all(response).await;
            let _ = client.flush().await;
        }
    }
}
