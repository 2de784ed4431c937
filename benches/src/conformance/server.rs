//! The servers: every way of counting, with what follows a breach.

use std::time::Duration;

use comfycontrol_emulator::{Algorithm, Block, Lag, Limit};

/// N and W of every server and every client here: what the API documents.
pub(super) const LIMIT: u32 = 40;
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// How long the server is silent after a breach, and so the clients' cooldown.
pub(super) const COOLDOWN: Duration = Duration::from_secs(10);

/// A server that counts in one way.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// As it stands in the column `server`.
    pub(super) name: String,
    /// The way of counting alone, by which the summary groups.
    pub(super) family: String,
    pub(super) limit: Limit,
    /// How late the counters are, at most, as far as a policy may know.
    pub(super) lag: Duration,
    /// Whether our limiter, knowing that, promises not to be refused.
    pub(super) is_promised: bool,
}

impl Server {
    /// Every way of counting, followed by the documented silence.
    pub(super) fn blocking() -> Vec<Self> {
        let mut servers = Vec::new();
        for millis in [0, 3_300, 7_100] {
            let phase = Duration::from_millis(millis);
            servers.push(Self::at("fixed", phase, Algorithm::FixedWindow { phase }));
        }
        servers.push(Self::new("first", Algorithm::WindowFromFirst));
        servers.push(Self::new("log", Algorithm::SlidingLog));
        for phase in COUNTER_PHASES {
            servers.push(Self::at(
                "counter",
                phase,
                Algorithm::SlidingCounter { phase },
            ));
        }
        servers.push(Self::new("bucket", Algorithm::TokenBucket));
        servers
    }

    /// The same, with a milder or harsher response to a breach.
    pub(super) fn otherwise() -> Vec<Self> {
        let excess = |limit: Limit| limit.block(Block::Excess);
        let counted = |limit: Limit| limit.count_throttled(true);
        let extended = |limit: Limit| limit.block(Block::Extended(COOLDOWN));
        let mut servers = Vec::new();
        for server in Self::blocking() {
            servers.push(server.variant("excess", excess));
            servers.push(server.variant("counted", counted));
            servers.push(server.variant("extended", extended));
        }
        servers
    }

    /// The same, with counters that are late.
    pub(super) fn late() -> Vec<Self> {
        let most = Duration::from_secs(2);
        let mut servers = Vec::new();
        for server in Self::blocking() {
            for (name, lag) in [
                ("late-2s", Lag::Exactly(most)),
                ("late≤2s", Lag::UpTo { most, seed: 1 }),
            ] {
                servers.push(Self {
                    family: format!("{}/late", server.family),
                    lag: most,
                    ..server.variant(name, |limit| limit.lag(lag))
                });
            }
        }
        servers
    }

    /// Counters that count some requests for longer than a window, by up to a tenth or a third of
    /// it: outside of the promise, unless that is made known as a lag.
    pub(super) fn longer() -> Vec<Self> {
        let (step, count) = (WINDOW / 10, 3);
        let mut servers = Vec::new();
        for phase in COUNTER_PHASES {
            for (family, algorithm, lag) in [
                ("coarse", Algorithm::CoarseCounter { phase, step }, step),
                (
                    "thirds",
                    Algorithm::SubWindows { phase, count },
                    WINDOW / count,
                ),
            ] {
                let server = Self::at(family, phase, algorithm);
                let told = Self {
                    family: format!("{family}/told"),
                    lag,
                    ..server.variant("told", |limit| limit)
                };
                let untold = Self {
                    is_promised: false,
                    ..server
                };
                servers.extend([untold, told]);
            }
        }
        servers
    }

    fn at(family: &str, phase: Duration, algorithm: Algorithm) -> Self {
        Self {
            name: format!("{family}@{}", phase.as_secs_f64()),
            ..Self::new(family, algorithm)
        }
    }

    fn new(family: &str, algorithm: Algorithm) -> Self {
        let limit = Limit::new(LIMIT, WINDOW).expect("40 per 10 s is a limit");
        Self {
            name: family.to_owned(),
            family: family.to_owned(),
            limit: limit.algorithm(algorithm).block(Block::For(COOLDOWN)),
            lag: Duration::ZERO,
            is_promised: true,
        }
    }

    fn variant(&self, name: &str, change: impl Fn(Limit) -> Limit) -> Self {
        Self {
            name: format!("{}/{name}", self.name),
            limit: change(self.limit),
            ..self.clone()
        }
    }
}

/// Where the windows of the sliding-window counters begin.
const COUNTER_PHASES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(2_500),
    Duration::from_millis(5_900),
    Duration::from_millis(9_999),
];
