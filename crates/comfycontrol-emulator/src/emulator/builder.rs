use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Emulator;
use crate::api::{Account, Scenario};
use crate::capture::Capture;
use crate::gateway::{Faults, Pipeline};
use crate::server::{Bound, Bounds};
use crate::shared::Shared;
use crate::{Edge, EdgeService, FaultRule, Limit, Throttled, clock};

/// Builds an [`Emulator`], or an [`EdgeService`] without sockets.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct EmulatorBuilder {
    limit: Option<Limit>,
    throttled: Throttled,
    rules: Vec<FaultRule>,
    with_api: bool,
    scenario: Scenario,
    compressed: bool,
    max_captured: usize,
    max_captured_bytes: usize,
    bounds: Bounds,
    ports: [u16; 3],
    storage_tls: bool,
}

// Here, since the handle itself knows nothing of the builder.
impl Emulator {
    /// Starts building an emulator. All settings have defaults.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder {
            limit: Some(Limit::default()),
            throttled: Throttled::default(),
            rules: Vec::new(),
            with_api: true,
            scenario: Scenario::default(),
            compressed: false,
            max_captured: 65_536,
            max_captured_bytes: 64 << 20,
            bounds: Bounds::default(),
            ports: [0; 3],
            storage_tls: false,
        }
    }
}

impl EmulatorBuilder {
    /// Sets the limit, or switches it off; 40 per 10 s by default.
    pub fn limit(mut self, limit: impl Into<Option<Limit>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// Sets the form of the 429s; the documented JSON by default.
    pub fn throttled(mut self, throttled: Throttled) -> Self {
        self.throttled = throttled;
        self
    }

    /// Adds a fault; none by default.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Puts nothing behind the limit: what is within it gets an empty 200, token or not.
    pub fn without_api(mut self) -> Self {
        self.with_api = false;
        self
    }

    /// Sends the API's responses as gzip to clients that accept it, if `compressed`; plain by
    /// default. A request for a range and a stream of events stay plain.
    pub fn compressed(mut self, compressed: bool) -> Self {
        self.compressed = compressed;
        self
    }

    /// Sets how many runners the account has; 137 by default.
    pub fn runners(mut self, runners: usize) -> Self {
        self.scenario.runners = runners;
        self
    }

    /// Sets how long a workflow takes from its acceptance to its end; 10 s by default.
    pub fn run_time(mut self, run_time: Duration) -> Self {
        self.scenario.run_time = run_time;
        self
    }

    /// Sets the time between two server-sent events of a subscription; 2 s by default.
    pub fn sse_interval(mut self, interval: Duration) -> Self {
        self.scenario.sse_interval = interval;
        self
    }

    /// Sets after how many events a subscription is closed, whatever the run does; 120 by default.
    pub fn max_sse_events(mut self, events: u32) -> Self {
        self.scenario.max_sse_events = events;
        self
    }

    /// Sets how long the signed URLs of outputs are good, in whole seconds; 5 minutes by default.
    pub fn link_lifetime(mut self, lifetime: Duration) -> Self {
        self.scenario.link_lifetime = lifetime;
        self
    }

    /// Sets how many outputs a run has; 2 by default.
    pub fn outputs(mut self, outputs: usize) -> Self {
        self.scenario.outputs = outputs;
        self
    }

    /// Sets whether the storage of outputs speaks TLS, and with it HTTP/2 by ALPN; no by default.
    pub fn storage_tls(mut self, tls: bool) -> Self {
        self.storage_tls = tls;
        self
    }

    /// Sets the least length of an output; a picture of one pixel by default, and random bytes.
    pub fn min_output_bytes(mut self, bytes: usize) -> Self {
        self.scenario.min_output_bytes = bytes;
        self
    }

    /// Sets how many request heads are kept for [`Emulator::captured_requests`], the last
    /// ones; 65,536 by default, 0 for none.
    pub fn max_captured(mut self, heads: usize) -> Self {
        self.max_captured = heads;
        self
    }

    /// Sets how many bytes the heads that are kept may take together, roughly; 64 MiB by
    /// default. Of those that are too many, the first are forgotten.
    pub fn max_captured_bytes(mut self, bytes: usize) -> Self {
        self.max_captured_bytes = bytes;
        self
    }

    /// Sets how many bytes runners, workflows and templates may take together, each counted
    /// as 1 KiB and its text; 256 MiB by default. A request for more gets a 403.
    pub fn max_kept_bytes(mut self, bytes: usize) -> Self {
        self.scenario.max_kept_bytes = bytes;
        self
    }

    /// Sets how many connections may be open at once on each listener; more wait. 1024 by default.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.bounds.connections = connections;
        self
    }

    /// Sets how long a connection may take to its first whole head, the handshake of TLS
    /// included; 10 s by default. One that takes longer is closed.
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.head_timeout = timeout;
        self
    }

    /// Sets how long a connection may be without a request under way, and how long the next
    /// piece of a request's body may take; 30 s by default. One that takes longer is closed.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.idle_timeout = timeout;
        self
    }

    /// Sets the loopback ports of the API without and with TLS and of the storage; 0, the
    /// default, is any that is free.
    pub fn ports(mut self, http: u16, https: u16, storage: u16) -> Self {
        self.ports = [http, https, storage];
        self
    }

    /// Starts to listen on loopback.
    ///
    /// Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// If a port is taken, or no certificate can be made.
    pub async fn start(mut self) -> io::Result<Emulator> {
        let bound = Bound::bind(self.ports, self.storage_tls).await?;
        self.scenario.storage = bound.storage_url()?;
        let bounds = self.bounds;
        let shared = self.share();
        let server = bound.start(shared.clone(), bounds)?;
        Ok(Emulator { shared, server })
    }

    /// Makes a tower service instead of a server, for a paused clock.
    ///
    /// Its time begins now. Needs a tokio runtime with time, if it is paused.
    pub fn service(self) -> EdgeService {
        EdgeService::new(self.share())
    }

    fn share(self) -> Arc<Shared> {
        let (start, wall_clock) = (clock::now(), clock::wall_clock());
        let (edge, account) = if self.with_api {
            let account = Account::new(self.scenario, wall_clock);
            (Edge::new(self.limit, start, wall_clock), Some(account))
        } else {
            (Edge::without_tokens(self.limit, start, wall_clock), None)
        };
        let faults = Faults::new(self.rules);
        let pipeline = Pipeline::new(edge, self.throttled, faults, account, self.compressed);
        let capture = Capture::new(self.max_captured, self.max_captured_bytes);
        Arc::new(Shared::new(pipeline, capture))
    }
}
