//! The decision on one request.
//!
//! As at Cloudflare, the limit counts every request, also those without a token,
//! and the token of a throttled request is never looked at.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use http::header::AUTHORIZATION;
use http::request::Parts;
use tokio::time::Instant;

use super::limit::Limit;
use super::meter::Meter;
use super::stats::Stats;
use super::tokens::Tokens;
use super::unauthorized::Unauthorized;
use super::verdict::Verdict;

/// Decides on each request, by limit and token, without I/O and without a clock.
///
/// ```
/// use comfycontrol_emulator::{Algorithm, Edge, Limit};
/// use std::time::{Duration, SystemTime};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limit = Limit::new(1, Duration::from_secs(10))?.algorithm(Algorithm::SlidingLog);
/// let start = tokio::time::Instant::now();
/// let mut edge = Edge::without_tokens(limit, start, SystemTime::UNIX_EPOCH);
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
    wall_clock: SystemTime,
}

impl Edge {
    /// An edge that keeps a limit and asks for a token.
    ///
    /// `start` is the origin of the windows' phases; `wall_clock` is the time of day then.
    pub fn new(limit: impl Into<Option<Limit>>, start: Instant, wall_clock: SystemTime) -> Self {
        Self {
            tokens: Some(Tokens::new()),
            ..Self::without_tokens(limit, start, wall_clock)
        }
    }

    /// An edge that keeps a limit and asks for no token.
    pub fn without_tokens(
        limit: impl Into<Option<Limit>>,
        start: Instant,
        wall_clock: SystemTime,
    ) -> Self {
        Self {
            limit: limit.into(),
            meters: HashMap::new(),
            stats: Stats::default(),
            tokens: None,
            start,
            wall_clock,
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
                    return Verdict::Throttled {
                        wait: Duration::from_nanos(wait),
                    };
                }
            }
            None => self.stats.requests += 1,
        }
        let wall_clock = self.wall_clock(now);
        match &mut self.tokens {
            Some(tokens) => match check(tokens, head, wall_clock) {
                Ok(()) => Verdict::Admitted,
                Err(reason) => Verdict::Unauthorized(reason),
            },
            None => Verdict::Admitted,
        }
    }

    /// The tokens it accepts, unless the edge is [without tokens](Self::without_tokens).
    pub fn tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }

    /// The tokens it accepts, to be changed, unless the edge is [without
    /// tokens](Self::without_tokens).
    pub fn tokens_mut(&mut self) -> Option<&mut Tokens> {
        self.tokens.as_mut()
    }

    /// Counts of what has been decided so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Replaces the limit; what was counted and every block is forgotten, the statistics stay.
    pub fn set_limit(&mut self, limit: impl Into<Option<Limit>>) {
        self.limit = limit.into();
        self.meters.clear();
    }

    /// The time of day at `now`.
    pub fn wall_clock(&self, now: Instant) -> SystemTime {
        self.wall_clock + now.saturating_duration_since(self.start)
    }

    /// Sets the time of day at `now`, forward or back; the limit does not notice.
    ///
    /// Nothing changes if the system cannot express the time at the edge's start.
    pub fn set_wall_clock(&mut self, now: Instant, wall_clock: SystemTime) {
        if let Some(start) = wall_clock.checked_sub(now.saturating_duration_since(self.start)) {
            self.wall_clock = start;
        }
    }
}

fn check(tokens: &mut Tokens, head: &Parts, wall_clock: SystemTime) -> Result<(), Unauthorized> {
    let mut values = head.headers.get_all(AUTHORIZATION).iter();
    let first = values.next();
    // Two credentials are none: which one counts would be a guess.
    match values.next() {
        Some(_) => Err(Unauthorized::Invalid),
        None => tokens.check(first, wall_clock),
    }
}

/// What a limit "per IP" counts as one: an IPv4 address, or an IPv6 /64.
fn client(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}
