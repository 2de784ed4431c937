//! Something between a store and its server: it delays what passes, cuts connections, and can lead
//! to another server.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use comfycontrol_test::MILLISECOND;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[derive(Clone, Debug)]
pub(crate) struct Relay {
    port: u16,
    server: Arc<AtomicU16>,
    delay: Arc<AtomicU64>,
    cuts: tokio::sync::watch::Sender<u64>,
}

impl Relay {
    /// Leads to the server at that port, until the test ends.
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let relay = Self {
            port: listener.local_addr().unwrap().port(),
            server: Arc::new(server.into()),
            delay: Arc::default(),
            cuts: tokio::sync::watch::Sender::new(0),
        };
        let this = relay.clone();
        tokio::spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                passing.spawn(this.clone().pass(client));
            }
        });
        relay
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Delays each piece that passes by so much, each way.
    pub(crate) fn delays_by(&self, delay: Duration) {
        self.delay.store(delay.as_millis() as u64, Ordering::SeqCst);
    }

    /// Cuts all connections; what is on its way is lost.
    pub(crate) fn cuts(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Leads to another server from now on.
    pub(crate) fn leads_to(&self, server: u16) {
        self.server.store(server, Ordering::SeqCst);
        self.cuts();
    }

    async fn pass(self, client: TcpStream) {
        let mut cut = self.cuts.subscribe();
        let port = self.server.load(Ordering::SeqCst);
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
            return;
        };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = self.pump(from_client, to_server) => {}
            () = self.pump(from_server, to_client) => {}
            _ = cut.changed() => {}
        }
    }

    async fn pump(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut bytes).await {
            sleep(self.delay.load(Ordering::SeqCst) as u32 * MILLISECOND).await;
            if to.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    }
}
