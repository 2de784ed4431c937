//! A connection, from its handshake to its end.

use std::future::poll_fn;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::call::Call;
use crate::respond::{self, Exchange};
use crate::server::Shared;
use crate::wire::{Cut, Wire};

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    GoAway,
    GoAwayAbruptly(h2::Reason),
    Reset,
    Close,
}

/// The connection, as the exchanges on it see it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) cut: Cut,
    orders: mpsc::UnboundedSender<Order>,
}

impl Line {
    pub(crate) fn end(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

/// Counts it while it is open.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: Arc<Shared>) -> Self {
        let mut record = shared.record.lock();
        record.connections += 1;
        record.most_connections = record.most_connections.max(record.connections);
        drop(record);
        Self(shared)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.record.lock().connections -= 1;
    }
}

pub(crate) async fn serve(shared: Arc<Shared>, tls: TlsAcceptor, stream: TcpStream, peer: IpAddr) {
    let _ = stream.set_nodelay(true);
    let _open = Open::new(Arc::clone(&shared));
    let (wire, cut) = Wire::new(stream);
    let Ok(Ok(tls)) = timeout(HANDSHAKE, tls.accept(wire)).await else {
        return;
    };
    let mut builder = h2::server::Builder::new();
    builder
        .max_concurrent_streams(100)
        .initial_window_size(1 << 20);
    let Ok(Ok(mut connection)) = timeout(HANDSHAKE, builder.handshake(tls)).await else {
        return;
    };
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let line = Line { cut, orders };
    let mut exchanges = JoinSet::new();
    loop {
        while exchanges.try_join_next().is_some() {}
        tokio::select! {
            accepted = poll_fn(|cx| connection.poll_accept(cx)) => {
                let Some(Ok((request, response))) = accepted else { return };
                let (head, body) = request.into_parts();
                let Some(call) = Call::of_path(head.uri.path()) else { return };
                let arrival = shared.record.lock().arrive(peer, call, &head);
                let line = line.clone();
                let shared = Arc::clone(&shared);
                let exchange = Exchange { shared, line, call, head, response };
                exchanges.spawn(respond::respond(exchange, arrival, body));
            }
            order = ordered.recv() => match order {
                Some(Order::GoAway) => connection.graceful_shutdown(),
                Some(Order::GoAwayAbruptly(reason)) => connection.abrupt_shutdown(reason),
                Some(Order::Reset) => return line.cut.reset(),
                Some(Order::Close) | None => return,
            },
        }
    }
}

const HANDSHAKE: Duration = Duration::from_secs(10);
