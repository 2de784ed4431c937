//! Accepting connections, and ending them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::bounds::Bounds;
use super::connection::Serve;
use super::line::Line;
use crate::Listener;
use crate::capture::Connection;
use crate::clock;
use crate::network::Wire;
use crate::shared::Shared;

/// What all listeners of one emulator have in common.
#[derive(Clone)]
pub(super) struct Accept {
    serve: Serve,
    serial: Arc<AtomicU64>,
}

impl Accept {
    pub(super) fn new(shared: Arc<Shared>, stopped: watch::Receiver<bool>, bounds: Bounds) -> Self {
        let serve = Serve {
            shared,
            bounds,
            stopped,
        };
        Self {
            serve,
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
        let connections = self.serve.bounds.connections;
        let permits = Arc::new(Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)));
        let mut open = JoinSet::new();
        loop {
            let accepted = async {
                let permit = permits.clone().acquire_owned().await;
                (permit, socket.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                accepted = accepted => accepted,
                // An emulator that has gone has stopped too.
                _ = self.serve.stopped.wait_for(|stopped| *stopped) => break,
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
            let opened = connect(self.serve.clone(), stream, connection, acceptor.clone());
            open.spawn(async move {
                opened.await;
                drop(permit);
            });
        }
        drop(socket);
        // Those that have not finished by then end with the set.
        let _ = timeout(GRACE, async { while open.join_next().await.is_some() {} }).await;
    }
}

async fn connect(
    mut serve: Serve,
    stream: TcpStream,
    mut connection: Connection,
    acceptor: Option<TlsAcceptor>,
) {
    // Small responses should not wait for acknowledgements; without it they only come later.
    let _ = stream.set_nodelay(true);
    let line = Line::new();
    let wire = Wire::new(stream, line.cut.clone());
    let deadline = deadline(serve.bounds);
    let Some(acceptor) = acceptor else {
        return serve.run(wire, connection, line, deadline).await;
    };
    let accepted = tokio::select! {
        accepted = timeout_at(deadline, acceptor.accept(wire)) => accepted,
        _ = serve.stopped.wait_for(|stopped| *stopped) => return,
    };
    if let Ok(Ok(tls)) = accepted {
        let session = tls.get_ref().1;
        connection.server_name = session.server_name().map(str::to_owned);
        connection.alpn = session
            .alpn_protocol()
            .map(|protocol| String::from_utf8_lossy(protocol).into_owned());
        serve.run(tls, connection, line, deadline).await;
    }
}

/// When the first head must have come.
fn deadline(bounds: Bounds) -> Instant {
    let now = clock::now();
    let day = Duration::from_secs(24 * 60 * 60);
    now + bounds.head_timeout.min(day)
}

const GRACE: Duration = Duration::from_secs(1);
