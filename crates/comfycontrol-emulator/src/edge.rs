//! What stands before the API: the limit first, then the token.
//!
//! As at Cloudflare, the limit counts every request, also those without a token,
//! and a refused request is never looked at. Nothing here reads a clock.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use http::header::AUTHORIZATION;
use http::request::Parts;
use tokio::time::Instant;

use crate::meter::Meter;
use crate::{Limit, Tokens, Unauthorized};

/// The pure decision: may this request from this address reach the API now?
///
/// ```
/// use comfycontrol_emulator::{Algorithm, Edge, Limit};
/// use std::time::{Duration, SystemTime};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limit = Limit::new(1, Duration::from_secs(10))?.algorithm(Algorithm::SlidingLog);
/// let start = tokio::time::Instant::now();
/// let mut edge = Edge::open(limit, start, SystemTime::UNIX_EPOCH);
/// let (head, ()) = http::Request::new(()).into_parts();
/// let ip = [127, 0, 0, 1].into();
///
/// assert!(edge.decide(start, ip, &head).is_admitted());
/// assert!(!edge.decide(start + Duration::from_secs(9), ip, &head).is_admitted());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Edge {
    limit: Option<Limit>,
    meters: HashMap<IpAddr, Meter>,
    stats: Stats,
    tokens: Option<Tokens>,
    start: Instant,
    /// The wall clock at `start`.
    wall: SystemTime,
}

impl Edge {
    /// An edge that keeps a limit and asks for a token.
    ///
    /// `start` is the origin of the windows' phases; `wall` is the time of day then.
    pub fn new(limit: impl Into<Option<Limit>>, start: Instant, wall: SystemTime) -> Self {
        Self {
            tokens: Some(Tokens::new()),
            ..Self::open(limit, start, wall)
        }
    }

    /// An edge that keeps a limit and asks for no token.
    pub fn open(limit: impl Into<Option<Limit>>, start: Instant, wall: SystemTime) -> Self {
        Self {
            limit: limit.into(),
            meters: HashMap::new(),
            stats: Stats::default(),
            tokens: None,
            start,
            wall,
        }
    }

    /// Decides on the request with this head that arrives at `now` from `ip`.
    ///
    /// `now` should not go back; where it does, the latest time seen counts.
    pub fn decide(&mut self, now: Instant, ip: IpAddr, head: &Parts) -> Verdict {
        let at = u64::try_from(now.saturating_duration_since(self.start).as_nanos())
            .unwrap_or(u64::MAX / 2);
        let serial = self.stats.requests;
        match &self.limit {
            Some(limit) => {
                let meter = self
                    .meters
                    .entry(client(ip))
                    .or_insert_with(|| Meter::new(limit));
                if let Some(wait) = meter.decide(limit, at, serial, &mut self.stats) {
                    return Verdict::RateLimited {
                        wait: Duration::from_nanos(wait),
                    };
                }
            }
            None => self.stats.requests += 1,
        }
        let wall = self.wall(now);
        match &mut self.tokens {
            Some(tokens) => match check(tokens, head, wall) {
                Ok(()) => Verdict::Admitted,
                Err(reason) => Verdict::Unauthorized(reason),
            },
            None => Verdict::Admitted,
        }
    }

    /// The tokens, unless the edge is [open](Self::open).
    pub fn tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }

    /// The tokens, to be changed, unless the edge is [open](Self::open).
    pub fn tokens_mut(&mut self) -> Option<&mut Tokens> {
        self.tokens.as_mut()
    }

    /// What has been decided so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Replaces the limit; what was counted and every block is forgotten, the statistics stay.
    pub fn set_limit(&mut self, limit: impl Into<Option<Limit>>) {
        self.limit = limit.into();
        self.meters.clear();
    }

    /// The time of day at `now`.
    pub fn wall(&self, now: Instant) -> SystemTime {
        self.wall + now.saturating_duration_since(self.start)
    }

    /// Sets the time of day at `now`, forward or back; the limit does not notice.
    ///
    /// Nothing changes if the system cannot express the time at the edge's start.
    pub fn set_wall(&mut self, now: Instant, wall: SystemTime) {
        if let Some(start) = wall.checked_sub(now.saturating_duration_since(self.start)) {
            self.wall = start;
        }
    }
}

/// What the edge does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// It goes on to the API.
    Admitted,
    /// 429; the API never sees it.
    RateLimited {
        /// How long the address stays refused if it sends nothing more.
        wait: Duration,
    },
    /// 401; counted by the limit.
    Unauthorized(Unauthorized),
}

impl Verdict {
    /// Whether the request goes on to the API.
    pub fn is_admitted(&self) -> bool {
        matches!(self, Self::Admitted)
    }
}

/// What an edge has decided, over all addresses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    pub(crate) requests: u64,
    pub(crate) counted: u64,
    pub(crate) refused: u64,
    pub(crate) episodes: u64,
    pub(crate) worst: u128,
}

impl Stats {
    /// Requests that arrived.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Requests that went into a counter, at once or late; none when there is no limit.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Requests answered with 429.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Blocks that began; an extended one is the same one.
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// The highest count, estimate or fill a decision was made on, the request itself
    /// included, in 1/1000 of a request, rounded up.
    ///
    /// Above `1000·N` exactly when some request exceeded the limit. Requests
    /// during a block are not weighed.
    pub fn worst(&self) -> u64 {
        u64::try_from(self.worst).unwrap_or(u64::MAX)
    }
}

fn check(tokens: &mut Tokens, head: &Parts, wall: SystemTime) -> Result<(), Unauthorized> {
    let mut values = head.headers.get_all(AUTHORIZATION).iter();
    let first = values.next();
    // Two credentials are none: which one counts would be a guess.
    match values.next() {
        Some(_) => Err(Unauthorized::Invalid),
        None => tokens.check(first, wall),
    }
}

/// What a limit "per IP" counts as one: an IPv4 address, or an IPv6 /64.
fn client(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}
