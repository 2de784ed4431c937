//! Accepting connections, and ending them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::serve;
use crate::Listener;
use crate::capture::Connection;
use crate::network::{Cut, Wire};
use crate::shared::Shared;

/// What all listeners of one emulator have in common.
#[derive(Clone)]
pub(super) struct Accept {
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
    max_connections: usize,
    serial: Arc<AtomicU64>,
}

impl Accept {
    pub(super) fn new(
        shared: Arc<Shared>,
        stopped: watch::Receiver<bool>,
        max_connections: usize,
    ) -> Self {
        Self {
            shared,
            stopped,
            max_connections: max_connections.clamp(1, Semaphore::MAX_PERMITS),
            serial: Arc::default(),
        }
    }

    /// Accepts connections until told to stop, then lets them finish for a while.
    pub(super) async fn run(
        mut self,
        socket: TcpListener,
        listener: Listener,
        acceptor: Option<TlsAcceptor>,
    ) {
        let permits = Arc::new(Semaphore::new(self.max_connections));
        let graceful = GracefulShutdown::new();
        let mut open = JoinSet::new();
        loop {
            let accepted = async {
                let permit = permits.clone().acquire_owned().await;
                (permit, socket.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                accepted = accepted => accepted,
                // An emulator that has gone has stopped too.
                _ = self.stopped.wait_for(|stopped| *stopped) => break,
            };
            while open.try_join_next().is_some() {}
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, most likely: trying again at once would spin.
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            let connection = Connection {
                serial: self.serial.fetch_add(1, Ordering::Relaxed),
                listener,
                peer,
                server_name: None,
                alpn: None,
            };
            let opened = connect(
                self.shared.clone(),
                stream,
                connection,
                acceptor.clone(),
                graceful.watcher(),
            );
            open.spawn(async move {
                opened.await;
                drop(permit);
            });
        }
        drop(socket);
        // Those that have not finished by then end with the set.
        let _ = timeout(GRACE, graceful.shutdown()).await;
    }
}

async fn connect(
    shared: Arc<Shared>,
    stream: TcpStream,
    mut connection: Connection,
    acceptor: Option<TlsAcceptor>,
    watcher: Watcher,
) {
    // Small responses should not wait for acknowledgements; without it they only come later.
    let _ = stream.set_nodelay(true);
    let cut = Cut::default();
    let wire = Wire::new(stream, cut.clone());
    let Some(acceptor) = acceptor else {
        return serve(shared, wire, connection, cut, watcher).await;
    };
    if let Ok(Ok(tls)) = timeout(HANDSHAKE, acceptor.accept(wire)).await {
        let session = tls.get_ref().1;
        connection.server_name = session.server_name().map(str::to_owned);
        connection.alpn = session
            .alpn_protocol()
            .map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        serve(shared, tls, connection, cut, watcher).await;
    }
}

const HANDSHAKE: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(1);
