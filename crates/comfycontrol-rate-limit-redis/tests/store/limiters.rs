//! Limiters that share a budget while something happens to the server or the way to it: a server
//! that counts them would have refused none, and each call ends by its deadline.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_rate_limit_redis::RedisStore;
use comfycontrol_test::{MILLISECOND, SECOND, now};
use http::Response;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::relay::Relay;
use crate::support::each;

const LIMIT: usize = 10;
const WINDOW: Duration = Duration::from_millis(300);
/// How long a call waits. A busy machine makes it longer.
const DEADLINE: Duration = Duration::from_millis(500);
const SLACK: Duration = Duration::from_secs(5);

/// What a server would have counted, and when.
#[derive(Clone, Default)]
struct Counted(Arc<Mutex<Vec<Instant>>>);

impl Counted {
    fn count(&self) {
        self.0.lock().unwrap().push(now());
    }

    fn since(&self, from: Instant) -> usize {
        let counted = self.0.lock().unwrap();
        counted.iter().filter(|at| **at >= from).count()
    }

    /// The most that a sliding-window counter of any phase would have estimated, and how many more
    /// than allowed in any one window.
    #[track_caller]
    fn is_within_the_limit(&self) {
        let mut counted = self.0.lock().unwrap().clone();
        counted.sort_unstable();
        let window = WINDOW.as_micros() as u64;
        for (index, last) in counted.iter().enumerate() {
            let ages: Vec<u64> = counted[..=index]
                .iter()
                .map(|at| (*last - *at).as_micros() as u64)
                .filter(|age| *age <= 2 * window)
                .collect();
            let within = |x: u64| ages.iter().filter(|age| **age <= x).count() as u64;
            let edges = ages.iter().map(|age| age % window);
            for e in edges.chain([0, window]) {
                let estimate = e * within(e) + (window - e) * within(e + window);
                assert!(estimate <= LIMIT as u64 * window, "{estimate} at {index}");
            }
        }
    }
}

/// Three greedy limiters, as in three processes, while `happens`.
async fn greedy(relay: &Relay, counted: &Counted, happens: impl Future<Output = ()>) {
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let store = RedisStore::open(&relay.url()).unwrap();
        let store = store.with_timeout(300 * MILLISECOND);
        let (limiter, keeper) = Limiter::builder(Quota::new(LIMIT as u32, WINDOW).unwrap())
            .linger(100 * MILLISECOND)
            .lease(SECOND)
            .build_shared(store.with_absence(500 * MILLISECOND));
        tokio::spawn(keeper);
        for _ in 0..4 {
            let (limiter, counted) = (limiter.clone(), counted.clone());
            calls.spawn(async move {
                loop {
                    let asked = now();
                    let permit = limiter.acquire_until(asked + DEADLINE).await;
                    assert!(asked.elapsed() < DEADLINE + SLACK, "{:?}", asked.elapsed());
                    match permit {
                        Ok(permit) => {
                            let in_flight = permit.dispatch();
                            counted.count();
                            in_flight.settle(&Response::new(()));
                        }
                        Err(_) => sleep(10 * MILLISECOND).await,
                    }
                }
            });
        }
    }
    tokio::select! {
        () = happens => {}
        ended = calls.join_next() => panic!("{ended:?}"),
    }
}

#[tokio::test]
async fn a_failover_to_a_replica_in_mid_run_lets_nobody_send_too_much() {
    each(async |program| {
        let at_once = &["--repl-diskless-sync-delay", "0"];
        let (mut primary, replica) = (program.start(at_once), program.start(at_once));
        replica.command(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
        let relay = Relay::to(primary.port()).await;
        let counted = Counted::default();
        greedy(&relay, &counted, async {
            while counted.since(now() - SECOND) < 2 * LIMIT
                || !replica.command("EXISTS comfycontrol:budget").contains(":1")
            {
                sleep(10 * MILLISECOND).await;
            }
            // The last swaps may not be in the replica.
            primary.kill();
            replica.command("REPLICAOF NO ONE");
            relay.leads_to(replica.port());
            let over = now();
            while counted.since(over) < 3 * LIMIT {
                sleep(10 * MILLISECOND).await;
            }
        })
        .await;
        counted.is_within_the_limit();
    })
    .await;
}

#[tokio::test]
async fn a_way_that_delays_and_cuts_lets_nobody_send_too_much() {
    each(async |program| {
        let server = program.start(&[]);
        let relay = Relay::to(server.port()).await;
        let counted = Counted::default();
        greedy(&relay, &counted, async {
            for round in 0..20 {
                relay.delays_by(round % 5 * 20 * MILLISECOND);
                sleep(150 * MILLISECOND).await;
                relay.cuts();
            }
            relay.delays_by(Duration::ZERO);
            let over = now();
            while counted.since(over) < 3 * LIMIT {
                sleep(10 * MILLISECOND).await;
            }
        })
        .await;
        counted.is_within_the_limit();
    })
    .await;
}

/// Stopped for 2 s, its scripts flushed, killed and started empty.
#[tokio::test]
async fn a_server_that_is_stopped_flushed_and_started_anew_lets_nobody_send_too_much() {
    each(async |program| {
        let mut server = program.start(&[]);
        let relay = Relay::to(server.port()).await;
        let counted = Counted::default();
        greedy(&relay, &counted, async {
            goes_on(&counted).await;
            server.stop();
            sleep(2 * SECOND).await;
            server.go_on();
            goes_on(&counted).await;
            server.command("SCRIPT FLUSH SYNC");
            goes_on(&counted).await;
            server.kill();
            server.restart();
            goes_on(&counted).await;
        })
        .await;
        counted.is_within_the_limit();
    })
    .await;
}

/// Those that saw the record know that it was lost, although the server is the same.
#[tokio::test]
async fn a_record_that_is_evicted_in_mid_run_lets_nobody_send_too_much() {
    each(async |program| {
        let server = program.start(&["--maxmemory", "6mb", "--maxmemory-policy", "allkeys-random"]);
        let relay = Relay::to(server.port()).await;
        let counted = Counted::default();
        greedy(&relay, &counted, async {
            goes_on(&counted).await;
            // Silence for longer than a window: it was lost.
            while counted.since(now() - 2 * WINDOW) > 0 {
                for number in 0..6 {
                    server.command(&format!("SETRANGE filler-{number} 1000000 x"));
                }
                sleep(5 * MILLISECOND).await;
            }
            server.command("CONFIG SET maxmemory 0");
            goes_on(&counted).await;
        })
        .await;
        counted.is_within_the_limit();
    })
    .await;
}

/// Waits until they have sent for two windows.
async fn goes_on(counted: &Counted) {
    let from = now();
    while counted.since(from) < 2 * LIMIT {
        sleep(10 * MILLISECOND).await;
    }
}
