//! The pure edge, seen from outside.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use comfycontrol_emulator::{Algorithm, Block, Edge, Lag, Limit, Unauthorized, Verdict};
use http::request::Parts;
use tokio::time::Instant;

/// A client that keeps an exact log sends 40, waits a whole window, and sends 40 again.
#[test]
fn the_sliding_counter_refuses_what_an_exact_log_admits() {
    for (offset, first_refused) in [
        (0, 1),
        (1_000, 5),
        (2_500, 11),
        (5_000, 21),
        (7_500, 31),
        (9_000, 37),
        (9_900, 40),
    ] {
        let counter = Limit::default().block(Block::Excess);
        assert_eq!(
            second_burst(counter, offset),
            Some(first_refused),
            "{offset} ms"
        );
        let log = counter.algorithm(Algorithm::SlidingLog);
        assert_eq!(second_burst(log, offset), None);
    }
}

#[test]
fn the_published_example_is_weighed_as_published() {
    // 42 in the last minute, 18 in the first 15 s of this one: 42·(45/60) + 18 = 49.5.
    let limit = Limit::new(50, ms(60_000)).unwrap().algorithm(COUNTER);
    let mut run = Run::new(limit);
    run.send(42, 59_000);
    run.send(18, 75_000);
    assert_eq!(run.edge.stats().worst(), 49_500);
}

#[test]
fn a_block_refuses_everything_and_then_nothing() {
    let mut run = Run::new(log());
    assert_eq!(run.send(40, 0), 0);
    assert_eq!(run.send(1, 9_999), 1);
    assert_eq!(run.send(5, 19_998), 5);
    assert_eq!(run.send(40, 19_999), 0);
    assert_eq!(run.edge.stats().episodes(), 1);
    assert_eq!(run.edge.stats().refused(), 6);
    assert_eq!(run.edge.stats().counted(), 80);
}

#[test]
fn requests_during_an_extended_block_begin_it_anew() {
    let mut run = Run::new(log().block(Block::Extended(ms(10_000))));
    run.send(41, 0);
    assert_eq!(run.send(1, 9_000), 1);
    assert_eq!(run.send(1, 18_999), 1);
    assert_eq!(run.send(1, 28_999), 0);
    assert_eq!(run.edge.stats().episodes(), 1);
}

#[test]
fn without_a_block_only_the_excess_is_refused() {
    let mut run = Run::new(log().block(Block::Excess));
    assert_eq!(run.send(60, 0), 20);
    assert_eq!(run.send(60, 10_000), 20);
}

#[test]
fn a_limit_that_counts_refusals_can_refuse_for_ever() {
    let limit = log().block(Block::Excess).count_refused(true);
    let mut run = Run::new(limit);
    run.send(60, 0);
    for step in 1..20 {
        assert_eq!(run.send(40, step * 9_000), 40);
    }
}

#[test]
fn late_counters_let_more_through_and_notice_afterwards() {
    let mut run = Run::new(log().lag(Lag::Exactly(ms(2_000))));
    assert_eq!(run.send(100, 0), 0);
    assert_eq!(run.send(1, 1_999), 0);
    assert_eq!(run.send(1, 2_000), 1);
}

#[test]
fn a_window_from_the_first_request_ends_with_its_length() {
    let mut run = Run::new(
        log()
            .algorithm(Algorithm::WindowFromFirst)
            .block(Block::Excess),
    );
    run.send(1, 3_000);
    assert_eq!(run.send(40, 12_999), 1);
    assert_eq!(run.send(40, 13_000), 0);
}

#[test]
fn ipv6_addresses_of_one_64_share_a_limit_and_ipv4_addresses_do_not() {
    let mut run = Run::new(log());
    let decide = |run: &mut Run, ip: &str| {
        let ip: IpAddr = ip.parse().unwrap();
        run.edge.decide(run.start, ip, &head(None)).is_admitted()
    };
    for host in 0..40 {
        assert!(decide(&mut run, &format!("2001:db8:1:2:{host:x}::1")));
    }
    assert!(!decide(&mut run, "2001:db8:1:2::ffff"));
    assert!(decide(&mut run, "2001:db8:1:3::1"));
    assert!(decide(&mut run, "10.0.0.1"));
    for _ in 0..39 {
        assert!(decide(&mut run, "::ffff:10.0.0.1"));
    }
    assert!(!decide(&mut run, "10.0.0.1"));
    assert!(decide(&mut run, "10.0.0.2"));
}

#[test]
fn the_limit_comes_before_the_token() {
    let start = start();
    let mut edge = Edge::new(
        Limit::new(2, ms(10_000)).unwrap(),
        start,
        SystemTime::UNIX_EPOCH,
    );
    let token = edge.tokens_mut().unwrap().create("a", None);
    let mut decide = |token: Option<&str>| edge.decide(start, IP, &head(token));

    assert_eq!(decide(None), Verdict::Unauthorized(Unauthorized::Missing));
    assert_eq!(decide(Some(&token)), Verdict::Admitted);
    let refused = Verdict::RateLimited { wait: ms(10_000) };
    assert_eq!(decide(Some(&token)), refused);
    assert_eq!(decide(None), refused);
    assert_eq!(edge.tokens().unwrap().find("a").unwrap().uses(), 1);
}

#[test]
fn two_authorization_headers_are_no_token() {
    let start = start();
    let mut edge = Edge::new(None, start, SystemTime::UNIX_EPOCH);
    let token = edge.tokens_mut().unwrap().create("a", None);
    let mut head = head(Some(&token));
    head.headers
        .append("authorization", head.headers["authorization"].clone());
    let verdict = edge.decide(start, IP, &head);
    assert_eq!(verdict, Verdict::Unauthorized(Unauthorized::Invalid));
}

#[test]
fn tokens_expire_as_time_passes_and_as_the_clock_is_set() {
    let (start, epoch) = (start(), SystemTime::UNIX_EPOCH);
    let mut edge = Edge::new(None, start, epoch);
    let token = edge
        .tokens_mut()
        .unwrap()
        .create("a", Some(epoch + ms(5_000)));
    let decide = |edge: &mut Edge, at| edge.decide(start + ms(at), IP, &head(Some(&token)));

    assert_eq!(decide(&mut edge, 4_999), Verdict::Admitted);
    assert_eq!(
        decide(&mut edge, 5_000),
        Verdict::Unauthorized(Unauthorized::Expired)
    );
    edge.set_wall(start + ms(5_000), epoch + ms(1_000));
    assert_eq!(decide(&mut edge, 8_999), Verdict::Admitted);
    assert_eq!(
        decide(&mut edge, 9_000),
        Verdict::Unauthorized(Unauthorized::Expired)
    );
}

#[test]
fn time_that_goes_back_stands_still() {
    let mut run = Run::new(log());
    run.send(40, 9_000);
    assert_eq!(run.send(1, 0), 1);
}

#[test]
fn a_new_limit_forgets_what_was_counted() {
    let mut run = Run::new(log());
    run.send(50, 0);
    run.edge.set_limit(log());
    assert_eq!(run.send(40, 1), 0);
    run.edge.set_limit(None);
    assert_eq!(run.send(1000, 2), 0);
    assert_eq!(run.edge.stats().requests(), 1090);
}

#[test]
fn limits_that_are_none_are_refused() {
    assert!(Limit::new(0, ms(10_000)).is_err());
    assert!(Limit::new(1, Duration::ZERO).is_err());
    assert!(Limit::new(1, Duration::MAX).is_err());
    assert!(Limit::new(u32::MAX, ms(86_400_000)).is_ok());
}

// === support ===

struct Run {
    edge: Edge,
    start: Instant,
}

impl Run {
    fn new(limit: Limit) -> Self {
        let start = start();
        let edge = Edge::open(limit, start, SystemTime::UNIX_EPOCH);
        Self { edge, start }
    }

    /// Sends requests at one instant; returns how many were refused.
    fn send(&mut self, requests: usize, at: u64) -> usize {
        let now = self.start + ms(at);
        (0..requests)
            .filter(|_| !self.edge.decide(now, IP, &head(None)).is_admitted())
            .count()
    }
}

/// The number of the first request that is refused in a burst a window after the first.
fn second_burst(limit: Limit, offset: u64) -> Option<usize> {
    let mut run = Run::new(limit);
    assert_eq!(run.send(40, offset), 0);
    (1..=40).find(|_| run.send(1, offset + 10_000) == 1)
}

fn log() -> Limit {
    Limit::default().algorithm(Algorithm::SlidingLog)
}

fn head(token: Option<&str>) -> Parts {
    let mut request = http::Request::get("/v1/user");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(()).unwrap().into_parts().0
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
fn start() -> Instant {
    Instant::now()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const COUNTER: Algorithm = Algorithm::SlidingCounter {
    phase: Duration::ZERO,
};
