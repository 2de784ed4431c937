//! A day: ten minutes after ten minutes.

use std::sync::Arc;
use std::time::Duration;

use comfycontrol::{Client, ErrorKind};
use comfycontrol_benches::draw::Draw;
use comfycontrol_test::{SECOND, now};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::counters::Counters;
use crate::fixture::{FORGOTTEN, Fixture};

/// What was seen of a day.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) calls: u64,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) made_up: u64,
    pub(crate) given_up: u64,
    rejected: u64,
    failed: u64,
    pub(crate) faults: Vec<String>,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    Ended,
    Failed,
    GivenUp,
    Rejected,
}

pub(crate) async fn day(fixture: &Fixture, day: u64, hours: u64) -> Seen {
    let before = Counts::of(fixture);
    let mut seen = Seen::default();
    let mut begins = now();
    for part in 0..hours * HOUR / PART {
        let mut draw = Draw::of(fixture.seed, &[day, part]);
        change(fixture, &mut draw).await;
        let calls = calls(part * PART / HOUR, &mut draw);
        begins += Duration::from_secs(PART);
        make(fixture, calls, begins, &mut draw, &mut seen).await;
        sleep_until(begins).await;
    }
    sleep(FORGOTTEN + 60 * SECOND).await;
    settle(fixture, before, day, &mut seen);
    seen
}

/// What changes: seldom, and at the beginning of ten minutes.
async fn change(fixture: &Fixture, draw: &mut Draw) {
    if draw.happens(20) {
        fixture.make_up_429s(1 + draw.below(5) as u32);
    }
    if draw.happens(15) {
        fixture.rotate(draw.happens(500));
    }
    if draw.happens(15) {
        fixture.set_quota(draw.one_of(&[20, 40, 60])).await;
    }
}

/// When calls begin, after the beginning of these ten minutes.
fn calls(hour: u64, draw: &mut Draw) -> Vec<Duration> {
    if hour < 6 {
        // A night in which next to nothing happens.
        return match draw.happens(100) {
            true => vec![Duration::from_secs(draw.below(500))],
            false => Vec::new(),
        };
    }
    match draw.below(4) {
        0 => (0..30).map(|number| number * 20 * SECOND).collect(),
        1 => (0..500).map(|number| number * SECOND).collect(),
        2 => vec![SECOND; 40 + draw.below(1_000) as usize],
        _ => {
            let mut at = Duration::ZERO;
            let mut next = || {
                at += Duration::from_millis(draw.below(560));
                at
            };
            (0..2_000).map(|_| next()).collect()
        }
    }
}

/// Makes calls, and waits for the last of them.
async fn make(
    fixture: &Fixture,
    calls: Vec<Duration>,
    ends: Instant,
    draw: &mut Draw,
    seen: &mut Seen,
) {
    let begins = ends - Duration::from_secs(PART);
    let mut running = JoinSet::new();
    for at in calls {
        let patience = draw
            .happens(50)
            .then(|| Duration::from_millis(draw.below(30_000)));
        let time = draw
            .happens(30)
            .then(|| Duration::from_millis(100 + draw.below(20_000)));
        let client = fixture.client.clone();
        sleep_until(begins + at).await;
        while let Some(ended) = running.try_join_next() {
            seen.count(ended.expect("no call panics"));
        }
        seen.calls += 1;
        running.spawn(call(client, patience, time));
    }
    while let Some(ended) = running.join_next().await {
        seen.count(ended.expect("no call panics"));
    }
}

async fn call(client: Client, patience: Option<Duration>, time: Option<Duration>) -> End {
    let mut request = client.get("/v1/user");
    if let Some(time) = time {
        request = request.timeout(time);
    }
    let body = async { request.send().await?.bytes().await };
    let ended = match patience {
        Some(patience) => timeout(patience, body).await,
        None => Ok(body.await),
    };
    match ended {
        Err(_) => End::GivenUp,
        Ok(Err(e)) if e.kind() == ErrorKind::Rejected => End::Rejected,
        Ok(Err(_)) => End::Failed,
        Ok(Ok(_)) => End::Ended,
    }
}

impl Seen {
    fn count(&mut self, end: End) {
        match end {
            End::Ended => {}
            End::Failed => self.failed += 1,
            End::GivenUp => self.given_up += 1,
            End::Rejected => self.rejected += 1,
        }
    }
}

/// All that is counted by the limiter, by the edge and before it.
#[derive(Clone, Copy, Debug)]
struct Counts {
    granted: u64,
    throttled: u64,
    lost: u64,
    rejected: u64,
    requests: u64,
    refused: u64,
    counters: Counters,
}

impl Counts {
    fn of(fixture: &Fixture) -> Self {
        let limiter = fixture.limiter.snapshot();
        let edge = fixture.edge.edge().stats();
        let counters = Arc::clone(&fixture.counters);
        let counters = *counters.lock();
        Self {
            granted: limiter.granted(),
            throttled: limiter.throttled(),
            lost: limiter.lost(),
            rejected: limiter.rejected(),
            requests: edge.requests(),
            refused: edge.throttled(),
            counters,
        }
    }
}

/// Compares what the limiter has counted with what was seen.
fn settle(fixture: &Fixture, before: Counts, day: u64, seen: &mut Seen) {
    let after = Counts::of(fixture);
    seen.requests = after.requests - before.requests;
    seen.refused = after.refused - before.refused;
    seen.made_up = after.counters.throttled - before.counters.throttled - seen.refused;
    let limiter = fixture.limiter.snapshot();
    let rejected = after.rejected - before.rejected;
    let rows = [
        ("429s by the limit", seen.refused, 0),
        (
            "granted",
            after.granted - before.granted,
            after.counters.sent - before.counters.sent,
        ),
        (
            "arrived",
            seen.requests,
            after.counters.sent - before.counters.sent,
        ),
        (
            "throttled",
            after.throttled - before.throttled,
            after.counters.throttled - before.counters.throttled,
        ),
        (
            "lost",
            after.lost - before.lost,
            after.counters.lost - before.counters.lost,
        ),
        (
            "rejected",
            rejected,
            // A call may end as what came before its last attempt was rejected.
            rejected.clamp(seen.rejected, seen.rejected + seen.failed),
        ),
        ("free at rest", limiter.free(), limiter.limit()),
        ("in flight at rest", limiter.in_flight(), 0),
        ("queued at rest", limiter.queued() as u64, 0),
    ];
    for (what, found, expected) in rows {
        if found != expected {
            seen.faults
                .push(format!("day {}: {what}: {found}, not {expected}", day + 1));
        }
    }
}

const HOUR: u64 = 3_600;
const PART: u64 = 600;
