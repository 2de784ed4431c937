//! The settings of an emulator.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::capture::Capture;
use crate::faults::Faults;
use crate::flights::Flights;
use crate::routes::{Api, Scenario};
use crate::shared::{Shared, State};
use crate::{Edge, EdgeService, Emulator, FaultRule, Limit, Refusal, clock};

/// Settings of an [`Emulator`], or of an [`EdgeService`].
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct EmulatorBuilder {
    limit: Option<Limit>,
    refusal: Refusal,
    rules: Vec<FaultRule>,
    with_api: bool,
    scenario: Scenario,
    max_captured: usize,
    pub(crate) max_connections: usize,
    pub(crate) ports: [u16; 3],
}

impl EmulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            limit: Some(Limit::default()),
            refusal: Refusal::default(),
            rules: Vec::new(),
            with_api: true,
            scenario: Scenario::default(),
            max_captured: 65_536,
            max_connections: 1024,
            ports: [0; 3],
        }
    }

    /// The limit, or none; 40 per 10 s by default.
    pub fn limit(self, limit: impl Into<Option<Limit>>) -> Self {
        Self {
            limit: limit.into(),
            ..self
        }
    }

    /// The form of the 429s; the documented JSON by default.
    pub fn refusal(self, refusal: Refusal) -> Self {
        Self { refusal, ..self }
    }

    /// Adds a fault; none by default.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Nothing behind the limit: whatever is within it gets an empty 200, token or not.
    pub fn without_api(self) -> Self {
        Self {
            with_api: false,
            ..self
        }
    }

    /// How many runners the account has; 137 by default.
    pub fn runners(mut self, runners: usize) -> Self {
        self.scenario.runners = runners;
        self
    }

    /// How long a workflow takes from its acceptance to its end; 10 s by default.
    pub fn run_time(mut self, run_time: Duration) -> Self {
        self.scenario.run_time = run_time;
        self
    }

    /// The time between two events of a subscription; 2 s by default.
    pub fn sse_interval(mut self, interval: Duration) -> Self {
        self.scenario.sse_interval = interval;
        self
    }

    /// After how many events a subscription is closed, whatever the run does; 120 by default.
    pub fn sse_updates(mut self, updates: u32) -> Self {
        self.scenario.sse_updates = updates;
        self
    }

    /// How long the signed URLs of outputs are good, in whole seconds; 5 minutes by default.
    pub fn link_life(mut self, life: Duration) -> Self {
        self.scenario.link_life = life;
        self
    }

    /// The least length of an output; a picture of one pixel by default, padded with zeros.
    pub fn output_bytes(mut self, bytes: usize) -> Self {
        self.scenario.output_bytes = bytes;
        self
    }

    /// How many request heads are kept for [`Emulator::captured_requests`], the last ones;
    /// 65,536 by default, 0 for none.
    pub fn max_captured(self, heads: usize) -> Self {
        Self {
            max_captured: heads,
            ..self
        }
    }

    /// How many connections may be open at once on each listener; more wait. 1024 by default.
    pub fn max_connections(self, connections: usize) -> Self {
        Self {
            max_connections: connections,
            ..self
        }
    }

    /// The loopback ports of the API without and with TLS and of the storage; 0, the
    /// default, is any that is free.
    pub fn ports(self, http: u16, https: u16, storage: u16) -> Self {
        Self {
            ports: [http, https, storage],
            ..self
        }
    }

    /// Starts to listen on loopback.
    ///
    /// Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// If a port is taken, or no certificate can be made.
    pub async fn start(self) -> io::Result<Emulator> {
        Emulator::start(self).await
    }

    /// A tower service instead of a server, for a paused clock.
    ///
    /// Its time begins now. Needs a tokio runtime with time, if it is paused.
    pub fn service(self) -> EdgeService {
        EdgeService::new(self.share())
    }

    pub(crate) fn storage(mut self, url: String) -> Self {
        self.scenario.storage = url;
        self
    }

    pub(crate) fn share(self) -> Arc<Shared> {
        let (start, wall) = (clock::now(), clock::wall());
        let edge = if self.with_api {
            Edge::new(self.limit, start, wall)
        } else {
            Edge::open(self.limit, start, wall)
        };
        Shared::new(State {
            edge,
            api: self.with_api.then(|| Api::new(self.scenario, wall)),
            refusal: self.refusal,
            faults: Faults::new(self.rules),
            capture: Capture::new(self.max_captured),
            flights: Flights::default(),
            answers: 0,
        })
    }
}
