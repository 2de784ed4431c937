//! Serves a gateway on a socket.

mod activity;
mod connection;
mod lingering;
mod listener;
mod patient;
mod stream;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::connection::Bounds;
pub use self::listener::{Bound, ListenError, Listener};
use self::stream::Accepted;
#[cfg(feature = "tls")]
pub use self::tls::{InvalidTls, Tls};
use crate::Gateway;

/// Serves a [`Gateway`] over HTTP/1.1 and HTTP/2, with bounds on all that a caller can hold, and
/// stops within a bound.
///
/// axum's own server can be kept from its graceful stop by half a request's head, or by a stream of
/// events that stays open; this one closes what has no call under way, and ends event streams.
///
/// | bound | default |
/// |---|---|
/// | connections at once | 1,024; more wait in the system's queue |
/// | calls at once on an HTTP/2 connection | 64 |
/// | a connection's first head, and TLS before it | 10 s |
/// | a connection without a call | 60 s |
/// | a head | 64 KiB and 100 fields over HTTP/1.1, 32 KiB over HTTP/2 |
/// | a caller that takes nothing of what is sent | 60 s |
/// | what a caller sends after it was refused, over HTTP/1.1 | 1 GiB, 30 s, 5 s of silence |
/// | calls that have left when the gateway stops | 25 s |
///
/// ```
/// use comfycontrol::Client;
/// use comfycontrol_gateway::{Gateway, Listener, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gateway = Gateway::new(Client::builder().token("cfc_example0token0"))?;
/// let bound = Listener::tcp("127.0.0.1:0".parse()?).bind(&gateway)?;
/// println!("listening on {}", bound.place());
/// # let stop = async {};
/// // Until `stop` ends: a signal, most often.
/// Server::new(gateway).run(bound, stop).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Server {
    gateway: Gateway,
    bounds: Bounds,
    max_connections: usize,
    drain: Duration,
}

impl Server {
    /// Serves that gateway with the default bounds.
    pub fn new(gateway: Gateway) -> Self {
        Self {
            gateway,
            bounds: Bounds::default(),
            max_connections: 1_024,
            drain: Duration::from_secs(25),
        }
    }

    /// Sets how many connections there may be at once, at least 1.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Sets how long a new connection may take to its first whole head.
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.head = timeout;
        self
    }

    /// Sets how long a connection may be without a call.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.idle = timeout;
        self
    }

    /// Sets how long a caller may take nothing of what is sent to it.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.write = timeout;
        self
    }

    /// Sets how long calls that have left for the API may take once the gateway stops.
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// Serves until `stop` ends, and then stops: no new calls, a 503 for those that wait, an end
    /// for event streams, and the [drain](Self::drain) for the others. How many calls were cut
    /// off then.
    pub async fn run(self, bound: Bound, stop: impl Future<Output = ()>) -> usize {
        let permits = Arc::new(Semaphore::new(self.max_connections));
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            // Those that have ended are forgotten as they come.
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = next(&bound, &permits) => accepted,
            };
            let Some((accepted, permit)) = accepted else {
                continue;
            };
            let (gateway, bounds) = (self.gateway.clone(), self.bounds.clone());
            connections.spawn(async move {
                accepted.serve(gateway, bounds).await;
                drop(permit);
            });
        }
        // No new connections.
        drop(bound);
        self.gateway.stop();
        let all = async { while connections.join_next().await.is_some() {} };
        _ = timeout(self.drain, all).await;
        let cut = connections.len();
        connections.shutdown().await;
        cut
    }
}

type Permit = tokio::sync::OwnedSemaphorePermit;

/// The next connection, once there may be one more.
async fn next(bound: &Bound, permits: &Arc<Semaphore>) -> Option<(Accepted, Permit)> {
    let permit = permits.clone().acquire_owned().await.ok()?;
    match bound.accept().await {
        Ok(accepted) => Some((accepted, permit)),
        Err(error) => {
            // It has gone again, or there is no descriptor left: not at once once more.
            tracing::debug!(%error, "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("gateway", &self.gateway)
            .field("bounds", &self.bounds)
            .field("drain", &self.drain)
            .finish_non_exhaustive()
    }
}
