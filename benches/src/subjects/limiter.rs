//! Grants and refusals without tower: ours and the baselines.

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, InFlight, Limiter, Permit, Quota};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

pub use super::peers::Peer;
use super::ring::Ring;
use crate::measure::{Case, at_once, std_now, tokio_now, two_threads};

/// How much of the quota is in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Log {
    /// Nothing.
    Empty,
    /// Half of it.
    Half,
}

/// The quotas that are tried.
pub const QUOTAS: [u32; 3] = [40, 1_000, 100_000];

/// A grant, and its settling once the response is there: all that one request costs.
pub fn granted(window: Algorithm, quota: u32, log: Log) -> Case {
    let used = match log {
        Log::Empty => 0,
        Log::Half => quota / 2,
    };
    let prepare = move || {
        let limiter = new(window, quota);
        for _ in 0..used {
            pass(&limiter);
        }
        limiter
    };
    let batch = u64::from(quota - used - 1).min(BATCH);
    let name = format!("{window:?} {quota} {log:?}");
    Case::new(name, batch, prepare, |limiter| pass(limiter))
}

/// The same, by two threads on one limiter.
pub fn granted_together(window: Algorithm, quota: u32) -> Case {
    let each = u64::from(quota / 2 - 1).min(BATCH);
    let name = format!("{window:?} {quota}");
    two_threads(name, each, move || new(window, quota), pass)
}

/// An attempt while the log is full and the caller presses on: refused with the wait it would have
/// had, or granted as soon as it may be.
pub fn attempted_when_full(window: Algorithm, quota: u32) -> Case {
    let per = Duration::from_micros(10) * quota.max(1_000);
    let limiter = Limiter::builder(Quota::new(quota, per).expect("a quota"))
        .algorithm(window)
        .max_queued(0)
        .build();
    let last = Rc::new(Cell::new(None));
    let prepare = move || {
        let log = FullLog {
            limiter: limiter.clone(),
            last: Rc::clone(&last),
        };
        log.fill(per);
        log
    };
    let name = format!("{window:?} {quota}");
    Case::new(name, BATCH, prepare, |log| {
        _ = black_box(attempt(&log.limiter))
    })
}

/// A response to one of many requests under way, and then a refused attempt on a log that is still
/// full: nothing that the last refusal knew helps.
pub fn attempted_after_a_response(window: Algorithm, quota: u32) -> Case {
    let under_way = (quota / 2).min(1_000);
    let name = format!("{window:?} {quota}");
    let prepare = move || responses_due(window, quota, under_way);
    Case::new(name, under_way.into(), prepare, |(limiter, under_way)| {
        let responded = under_way.pop().expect("as many as the batch");
        responded.settle_parts(StatusCode::OK, &NO_HEADERS);
        assert!(attempt(limiter).is_some(), "the log is full");
    })
}

/// A refused attempt on a log that is full of one burst.
pub fn denied(window: Algorithm, quota: u32) -> Case {
    let name = format!("{window:?} {quota}");
    let prepare = move || used_up(window, quota);
    Case::new(name, BATCH, prepare, |limiter| {
        assert!(attempt(limiter) > Some(Duration::ZERO), "the log is full");
    })
}

/// What the layers read: tokio's clock.
pub fn clock_read() -> Case {
    Case::new("clock read", BATCH, || (), |()| _ = black_box(tokio_now()))
}

/// The clock beneath it.
pub fn std_clock_read() -> Case {
    Case::new(
        "std clock read",
        BATCH,
        || (),
        |()| _ = black_box(std_now()),
    )
}

/// The least that holds a slot until after the response: a ring whose lock is taken twice.
pub fn ring() -> Case {
    Case::new(RING, BATCH, || Ring::new(40, 1), |ring| pass_ring(ring))
}

/// The same, by two threads.
pub fn ring_together() -> Case {
    two_threads(RING, BATCH, || Ring::new(1_000, 1), pass_ring)
}

/// One request, from the grant to the settling.
#[inline]
pub fn pass(limiter: &Limiter) {
    let permit = at_once(limiter.acquire()).expect("there is a free slot");
    let in_flight = permit.dispatch();
    in_flight.settle_parts(StatusCode::OK, &NO_HEADERS);
}

/// A limiter that forgets nothing while it is measured.
pub fn new(window: Algorithm, quota: u32) -> Limiter {
    let quota = Quota::new(quota, HOUR).expect("a quota");
    Limiter::builder(quota).algorithm(window).build()
}

/// A limiter whose quota has just gone in one burst, with so many requests without a response yet.
pub fn responses_due(window: Algorithm, quota: u32, under_way: u32) -> (Limiter, Vec<InFlight>) {
    let limit = Quota::new(quota, HOUR).expect("a quota");
    let limiter = Limiter::builder(limit)
        .algorithm(window)
        .max_queued(0)
        .build();
    for _ in under_way..quota {
        pass(&limiter);
    }
    let take = |_| at_once(limiter.acquire()).expect("there is a free slot");
    let in_flight = (0..under_way).map(take).map(Permit::dispatch).collect();
    assert!(attempt(&limiter).is_some(), "the log is full");
    (limiter, in_flight)
}

/// A limiter whose quota has just gone in one burst.
pub fn used_up(window: Algorithm, quota: u32) -> Limiter {
    let (limiter, _) = responses_due(window, quota, 0);
    limiter
}

/// As [`pass`], unless that takes waiting: then how long.
#[inline]
pub fn attempt(limiter: &Limiter) -> Option<Duration> {
    match at_once(limiter.acquire()) {
        Ok(permit) => {
            let in_flight = permit.dispatch();
            in_flight.settle_parts(StatusCode::OK, &NO_HEADERS);
            None
        }
        Err(refused) => refused.wait(),
    }
}

fn pass_ring(ring: &Ring) {
    assert!(ring.take(), "there is a free slot");
    ring.settle();
}

/// A log that is full as long as calls keep coming.
struct FullLog {
    limiter: Limiter,
    last: Rc<Cell<Option<Instant>>>,
}

impl FullLog {
    fn fill(&self, per: Duration) {
        let fresh = |last| tokio_now().saturating_duration_since(last) < per / 20;
        if self.last.get().is_some_and(fresh) {
            return;
        }
        // Long enough for the burst of the beginning to be forgotten.
        let start = tokio_now();
        let mut refused = 0_u64;
        while start.elapsed() < 3 * per {
            refused += u64::from(attempt(&self.limiter).is_some());
        }
        assert!(refused > 0, "the log is full");
    }
}

impl Drop for FullLog {
    fn drop(&mut self) {
        self.last.set(Some(tokio_now()));
    }
}

static NO_HEADERS: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);

const RING: &str = "ring locked twice";

const BATCH: u64 = 10_000;

const HOUR: Duration = Duration::from_secs(3_600);
