//! What decides when a request leaves: our limiter, its peers, and two that are wrong on purpose.

use std::str::FromStr;
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, LimiterBuilder, Quota};
use http::{Request, Response};
use tower::buffer::Buffer;
use tower::limit::RateLimit;
use tower::limit::rate::Rate;
use tower::util::BoxCloneService;
use tower::{BoxError, Layer, ServiceExt};
use tower_resilience_ratelimiter::{RateLimiterLayer, WindowType};

use super::link::Link;
use super::permits::{Gcra, LeakyBucket, LogAtSend, Permitted};
use super::server::{COOLDOWN, LIMIT, Server, WINDOW};

/// The whole service a call goes through.
pub(super) type Client = BoxCloneService<Request<String>, Response<()>, BoxError>;

/// A way to keep within 40 requests per 10 s.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// Our layer as it is by default.
    Strict,
    /// Governor's `check`, in a loop with a sleep.
    Governor,
    /// leaky-bucket's `acquire_one`.
    LeakyBucket,
    /// Wrong on purpose: an exact log of when requests were sent.
    LogAtSend,
    /// Wrong on purpose: ours, unaware of late counters.
    NoLag,
    /// Wrong on purpose: ours, with dropped requests forgotten too early.
    NoLinger,
    /// Wrong on purpose: ours, with a quota of 41.
    OneTooMany,
    /// Our layer with `Algorithm::SlidingLog`.
    Sliding,
    /// Wrong on purpose: ours, but two seconds late with every slot.
    Tardy,
    /// tower's `RateLimit` under its `Buffer`.
    Tower,
    /// tower-resilience-ratelimiter's layer with an exact log.
    TowerResilience,
}

impl Policy {
    /// Ours and the peers, not those that are wrong on purpose.
    pub const ALL: [Self; 6] = [
        Self::Strict,
        Self::Sliding,
        Self::Tower,
        Self::TowerResilience,
        Self::Governor,
        Self::LeakyBucket,
    ];

    /// Those that are wrong on purpose, to see whether it shows.
    pub const WRONG: [Self; 5] = [
        Self::LogAtSend,
        Self::OneTooMany,
        Self::NoLinger,
        Self::NoLag,
        Self::Tardy,
    ];

    /// As it stands in the column `policy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Governor => "governor",
            Self::LeakyBucket => "leaky-bucket",
            Self::LogAtSend => "log-at-send",
            Self::NoLag => "no-lag",
            Self::NoLinger => "no-linger",
            Self::OneTooMany => "one-too-many",
            Self::Sliding => "sliding",
            Self::Tardy => "tardy",
            Self::Tower => "tower",
            Self::TowerResilience => "tower-resilience",
        }
    }

    /// What it is exactly, for the legend.
    pub fn note(self) -> &'static str {
        match self {
            Self::Strict => {
                "our layer; its count_lag is 2 s with late counters, 1 s with coarse/told and a third of \
                 the window with thirds/told; must never be refused but by coarse and thirds untold"
            }
            Self::Governor => {
                "governor check() on the paused clock, burst 40, 1 per 250 ms; its until_ready needs \
                 real time, so a fair lock around check() and a sleep stand in for it"
            }
            Self::LeakyBucket => "leaky-bucket, max 40, refill 40 per 10 s",
            Self::LogAtSend => "wrong on purpose: an exact log stamped at send",
            Self::NoLag => "wrong on purpose: our layer without count_lag",
            Self::NoLinger => "wrong on purpose: our layer without linger",
            Self::OneTooMany => "wrong on purpose: our layer with a quota of 41",
            Self::Sliding => {
                "our layer with Algorithm::SlidingLog, for servers with a log or fixed windows only: \
                 not meant for counter and bucket"
            }
            Self::Tardy => "wrong on purpose: every slot two seconds late",
            Self::Tower => {
                "tower RateLimit under Buffer; spared connections that fail before a request leaves, \
                 since a Buffer is dead for good after one"
            }
            Self::TowerResilience => "tower-resilience-ratelimiter, SlidingLog, unbounded timeout",
        }
    }

    /// Whether this server must never refuse it. Those that are wrong on purpose are held to it
    /// wherever it must show.
    pub(super) fn must_keep_within(self, server: &Server) -> bool {
        match self {
            Self::Strict | Self::OneTooMany | Self::Tardy => server.is_promised,
            // A bucket forgives a little.
            Self::LogAtSend | Self::NoLag | Self::NoLinger => !server.family.starts_with("bucket"),
            Self::Sliding => ["first", "fixed", "log"].contains(&server.family.as_str()),
            _ => false,
        }
    }

    /// Whether it must be as fast as the perfect scheduler, or nearly.
    pub(super) fn must_be_fast(self) -> bool {
        matches!(self, Self::Strict | Self::Tardy)
    }

    /// How long the harness is silent after a 429 in the policy's stead.
    pub(super) fn lent_cooldown(self) -> Duration {
        match self {
            Self::Governor
            | Self::LeakyBucket
            | Self::LogAtSend
            | Self::Tower
            | Self::TowerResilience => COOLDOWN,
            _ => Duration::ZERO,
        }
    }

    /// Whether it survives a connection that fails before the request leaves.
    pub(super) fn survives_trouble(self) -> bool {
        // A `Buffer` is dead for good after one.
        self != Self::Tower
    }

    /// The service over `link`, for a server whose counters are late by up to `lag`.
    pub(super) fn client(self, link: Link, lag: Duration) -> Client {
        match self {
            Self::Strict => ours(limiter(LIMIT).count_lag(lag), link),
            Self::NoLag => ours(limiter(LIMIT), link),
            Self::NoLinger => ours(limiter(LIMIT).linger(Duration::ZERO), link),
            Self::OneTooMany => ours(limiter(LIMIT + 1), link),
            Self::Sliding => ours(limiter(LIMIT).algorithm(Algorithm::SlidingLog), link),
            Self::Tardy => ours(limiter(LIMIT).count_lag(Duration::from_secs(2)), link),
            Self::Tower => {
                let rate = Rate::new(LIMIT.into(), WINDOW);
                Client::new(Buffer::new(RateLimit::new(link, rate), QUEUE))
            }
            Self::TowerResilience => {
                let layer = RateLimiterLayer::builder()
                    .limit_for_period(LIMIT as usize)
                    .refresh_period(WINDOW)
                    .window_type(WindowType::SlidingLog)
                    .timeout_duration(FOREVER)
                    .build()
                    .expect("the settings are sound");
                let service = layer.layer(link);
                Client::new(service.map_err(|error| error.into_inner().unwrap_or("timeout".into())))
            }
            Self::Governor => Client::new(Permitted::new(link, Gcra::new())),
            Self::LeakyBucket => Client::new(Permitted::new(link, LeakyBucket::new())),
            Self::LogAtSend => Client::new(Permitted::new(link, LogAtSend::new())),
        }
    }
}

impl FromStr for Policy {
    type Err = String;

    /// By its [name](Self::name), those that are wrong on purpose excepted.
    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|policy| policy.name() == name);
        known.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

fn limiter(limit: u32) -> LimiterBuilder {
    let quota = Quota::new(limit, WINDOW).expect("a sound quota");
    Limiter::builder(quota).cooldown(COOLDOWN)
}

fn ours(limiter: LimiterBuilder, link: Link) -> Client {
    Client::new(limiter.build().layer().layer(link))
}

/// More than any cell has calls.
const QUEUE: usize = 1 << 20;

/// Longer than any cell lasts.
const FOREVER: Duration = Duration::from_secs(1_000_000_000);
