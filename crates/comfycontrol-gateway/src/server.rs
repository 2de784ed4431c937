//! Serves a gateway on a socket.

mod activity;
mod connection;
mod lingering;
mod listener;
mod served;
mod stream;
mod taking;
#[cfg(feature = "tls")]
mod tls;
mod under_way;
mod write_timeout;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use self::connection::{Bounds, FAREWELL};
pub use self::listener::{Bound, ListenError, Listener};
use self::stream::Accepted;
#[cfg(feature = "tls")]
pub use self::tls::{InvalidTls, Tls};
use self::under_way::UnderWay;
use crate::{Gateway, clock};

/// Serves a [`Gateway`] over HTTP/1.1 and HTTP/2, with bounds on all that a caller can hold, and
/// stops within a bound.
///
/// axum's own server can be kept from its graceful stop by half a request's head, or by a stream of
/// events that stays open; this one closes what has no call under way, and ends event streams.
/// While it stops it still responds: pages say that it stops, and calls get a 503.
///
/// | bound | default |
/// |---|---|
/// | connections at once | 1,024; more wait in the system's queue |
/// | calls at once on an HTTP/2 connection | 64 |
/// | a connection's first head, and TLS before it | 10 s |
/// | a connection without a call | 60 s |
/// | a head | 64 KiB and 100 fields over HTTP/1.1, 32 KiB over HTTP/2 |
/// | a caller that takes nothing of what is sent | 60 s |
/// | what a caller takes of each response over HTTP/2 | at least one part in 60 s |
/// | what a caller sends after it was refused, over HTTP/1.1 | 1 GiB, 30 s, 5 s of silence |
/// | calls that have left when the gateway stops | 25 s |
/// | a connection that comes while it stops: TLS, then a call | 250 ms each |
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
        self.bounds.head = timeout.min(LONGEST);
        self
    }

    /// Sets how long a connection may be without a call.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.idle = timeout.min(LONGEST);
        self
    }

    /// Sets how long a caller may take nothing of what is sent to it. Over HTTP/2 it must take one
    /// part of each response in that time, else that response ends and the connection goes on.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.write = timeout.min(LONGEST);
        self
    }

    /// Sets how long calls that have left for the API may take once the gateway stops.
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time.min(LONGEST);
        self
    }

    /// Serves until `stop` ends, and then stops: a 503 for calls that wait or come, an end for
    /// event streams, and the [drain](Self::drain) for calls that have left. Until those are over,
    /// new connections are taken, so that who asks whether it is ready is told. How many calls were
    /// cut off at the end of the drain.
    ///
    /// Dropping this cuts off all calls at once.
    pub async fn run(self, bound: Bound, stop: impl Future<Output = ()>) -> usize {
        let mut serving = Serving {
            permits: Arc::new(Semaphore::new(self.max_connections)),
            under_way: UnderWay::new(),
            connections: JoinSet::new(),
        };
        serving.until(stop, &self, &bound).await;
        self.gateway.stop();
        let end = clock::now() + self.drain;
        let over = serving.under_way.over();
        serving.until(timeout_at(end, over), &self, &bound).await;
        // No new connections.
        drop(bound);
        let mut connections = serving.connections;
        let all = async { while connections.join_next().await.is_some() {} };
        // What is left are farewells, and calls that were refused.
        let end = end.min(clock::now() + 4 * FAREWELL);
        _ = timeout_at(end, all).await;
        let cut = serving.under_way.count();
        connections.shutdown().await;
        cut
    }
}

/// The connections that there are.
struct Serving {
    permits: Arc<Semaphore>,
    under_way: UnderWay,
    connections: JoinSet<()>,
}

impl Serving {
    /// Takes more until `end`.
    async fn until<T>(&mut self, end: impl Future<Output = T>, server: &Server, bound: &Bound) {
        let mut end = pin!(end);
        loop {
            // Those that have ended are forgotten as they come.
            while self.connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                biased;
                _ = &mut end => return,
                accepted = next(bound, &self.permits) => accepted,
            };
            let Some((accepted, permit)) = accepted else {
                continue;
            };
            let (gateway, bounds) = (server.gateway.clone(), server.bounds.clone());
            let under_way = self.under_way.clone();
            self.connections.spawn(async move {
                accepted.serve(gateway, bounds, under_way).await;
                drop(permit);
            });
        }
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

/// So that now and this long is an instant.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
