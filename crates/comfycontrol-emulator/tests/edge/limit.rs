//! How many requests are admitted, by which counter, and what follows one too many.

use std::net::IpAddr;
use std::time::Duration;

use comfycontrol_emulator::{Algorithm, Block, Lag, Limit};
use comfycontrol_test::SECOND;

use crate::run::{Run, head};

/// A client that keeps an exact log sends 40, waits a whole window, and sends 40 again.
#[test]
fn the_sliding_counter_throttles_what_an_exact_log_admits() {
    for (offset, first_throttled) in [
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
            Some(first_throttled),
            "{offset} ms"
        );
        let log = counter.algorithm(Algorithm::SlidingLog);
        assert_eq!(second_burst(log, offset), None);
    }
}

#[test]
fn the_published_example_is_weighed_as_published() {
    // 42 in the last minute, 18 in the first 15 s of this one: 42·(45/60) + 18 = 49.5.
    let limit = Limit::new(50, 60 * SECOND).unwrap().algorithm(COUNTER);
    let mut run = Run::new(limit);
    run.send(42, 59_000);
    run.send(18, 75_000);
    assert_eq!(run.edge.stats().worst(), 49_500);
}

#[test]
fn a_block_throttles_everything_and_then_nothing() {
    let mut run = Run::new(log());
    assert_eq!(run.send(40, 0), 0);
    assert_eq!(run.send(1, 9_999), 1);
    assert_eq!(run.send(5, 19_998), 5);
    assert_eq!(run.send(40, 19_999), 0);
    assert_eq!(run.edge.stats().blocks(), 1);
    assert_eq!(run.edge.stats().throttled(), 6);
    assert_eq!(run.edge.stats().counted(), 80);
}

#[test]
fn requests_during_an_extended_block_begin_it_anew() {
    let mut run = Run::new(log().block(Block::Extended(10 * SECOND)));
    run.send(41, 0);
    assert_eq!(run.send(1, 9_000), 1);
    assert_eq!(run.send(1, 18_999), 1);
    assert_eq!(run.send(1, 28_999), 0);
    assert_eq!(run.edge.stats().blocks(), 1);
}

#[test]
fn without_a_block_only_the_excess_is_throttled() {
    let mut run = Run::new(log().block(Block::Excess));
    assert_eq!(run.send(60, 0), 20);
    assert_eq!(run.send(60, 10_000), 20);
}

#[test]
fn a_limit_that_counts_429s_can_throttle_for_ever() {
    let limit = log().block(Block::Excess).count_throttled(true);
    let mut run = Run::new(limit);
    run.send(60, 0);
    for step in 1..20 {
        assert_eq!(run.send(40, step * 9_000), 40);
    }
}

#[test]
fn late_counters_let_more_through_and_notice_afterwards() {
    let mut run = Run::new(log().lag(Lag::Exactly(2 * SECOND)));
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
fn limits_that_are_none_are_errors() {
    assert!(Limit::new(0, 10 * SECOND).is_err());
    assert!(Limit::new(1, Duration::ZERO).is_err());
    assert!(Limit::new(1, Duration::MAX).is_err());
    assert!(Limit::new(u32::MAX, 86_400 * SECOND).is_ok());
}

// === support ===

/// The number of the first request that is throttled in a burst a window after the first.
fn second_burst(limit: Limit, offset: u64) -> Option<usize> {
    let mut run = Run::new(limit);
    assert_eq!(run.send(40, offset), 0);
    (1..=40).find(|_| run.send(1, offset + 10_000) == 1)
}

fn log() -> Limit {
    Limit::default().algorithm(Algorithm::SlidingLog)
}

const COUNTER: Algorithm = Algorithm::SlidingCounter {
    phase: Duration::ZERO,
};
