//! What is told through `tracing`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_rate_limit::{
    Member, MemoryStore, Reading, Record, Replaced, Store, StoreTime, Unavailable, Version,
};
use comfycontrol_test::{Log, SECOND};
use tokio::time::sleep;

use crate::store::{Flaky, builder, spawned};

/// A store in memory that can lose its record, and whose clock can step.
#[derive(Clone, Debug, Default)]
struct Shaken {
    memory: Arc<Mutex<MemoryStore>>,
    step: Arc<AtomicU64>,
}

impl Shaken {
    fn memory(&self) -> MemoryStore {
        self.memory.lock().unwrap().clone()
    }

    fn loses_its_record(&self) {
        *self.memory.lock().unwrap() = MemoryStore::new();
    }

    fn steps_by(&self, step: Duration) {
        self.step.store(step.as_micros() as u64, Ordering::SeqCst);
    }

    fn time(&self, time: StoreTime) -> StoreTime {
        let micros = time.micros + self.step.load(Ordering::SeqCst);
        StoreTime::new(micros, time.instance, time.uptime)
    }
}

impl Store for Shaken {
    async fn read(&self) -> Result<Reading, Unavailable> {
        let told = self.memory().read().await?;
        Ok(Reading::new(told.record, self.time(told.time)))
    }

    async fn replace(
        &self,
        seen: Option<Version>,
        record: Record,
        keep: Duration,
    ) -> Result<Replaced, Unavailable> {
        Ok(match self.memory().replace(seen, record, keep).await? {
            Replaced::Won(time) => Replaced::Won(time.map(|time| self.time(time))),
            Replaced::Lost(told) => Replaced::Lost(Reading::new(told.record, self.time(told.time))),
        })
    }

    async fn join(&self, _: Member) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn gone(&self, _: Vec<Member>) -> Result<Vec<Member>, Unavailable> {
        Ok(Vec::new())
    }
}

/// The lines that say so.
fn lines(log: &Log, what: &str) -> Vec<String> {
    let text = log.text();
    let lines = text.lines().filter(|line| line.contains(what));
    lines.map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn who_joins_and_who_leaves_is_told_with_how_many_there_are() {
    let log = Log::default();
    let _capture = log.capture();
    let store = Shaken::default();
    let (one, _keeper) = spawned(builder(40), store.clone());
    let (other, keeper) = spawned(builder(40), store);
    assert_eq!(lines(&log, "shares its rate limit").len(), 0);
    drop(one.acquire().await.unwrap());
    drop(other.acquire().await.unwrap());
    let joined = lines(&log, "shares its rate limit with others");
    assert_eq!(joined.len(), 2, "{joined:?}");
    for (line, members) in joined.iter().zip(1..) {
        assert!(
            line.contains("INFO") && line.contains(&format!("members={members}")),
            "{line}"
        );
    }
    drop(other);
    keeper.await.unwrap().unwrap();
    let left = lines(&log, "shares its rate limit no more");
    assert_eq!(left.len(), 1, "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_was_lost_is_one_warning_with_how_long_nothing_is_sent() {
    let log = Log::default();
    let _capture = log.capture();
    let store = Shaken::default();
    let (limiter, _keeper) = spawned(builder(40), store.clone());
    drop(limiter.acquire().await.unwrap());
    sleep(SECOND).await;
    store.loses_its_record();
    drop(limiter.acquire().await.unwrap());
    let lost = lines(&log, "record of the shared rate limit was lost");
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(
        lost[0].contains("WARN") && lost[0].contains("hold=23.0"),
        "{lost:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_has_stepped_is_one_warning_with_by_how_much() {
    let log = Log::default();
    let _capture = log.capture();
    let store = Shaken::default();
    let (limiter, _keeper) = spawned(builder(40), store.clone());
    drop(limiter.acquire().await.unwrap());
    sleep(SECOND).await;
    store.steps_by(30 * SECOND);
    for _ in 0..3 {
        drop(limiter.acquire().await.unwrap());
        sleep(SECOND).await;
    }
    let stepped = lines(&log, "has stepped");
    assert_eq!(stepped.len(), 1, "{stepped:?}");
    let by_half_a_minute = stepped[0].contains("micros=30") || stepped[0].contains("micros=29");
    assert!(
        stepped[0].contains("WARN") && by_half_a_minute,
        "{stepped:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_told_with_why_and_that_it_is_back() {
    let log = Log::default();
    let _capture = log.capture();
    let store = Flaky::default();
    let (limiter, _keeper) = spawned(builder(40), store.clone());
    store.away.store(true, Ordering::SeqCst);
    let call = tokio::spawn(limiter.acquire());
    sleep(SECOND).await;
    let away = lines(&log, "nothing is sent until the store");
    assert!(
        !away.is_empty() && away[0].contains("source=away"),
        "{away:?}"
    );
    assert_eq!(lines(&log, "answers again").len(), 0);
    store.away.store(false, Ordering::SeqCst);
    drop(call.await.unwrap().unwrap());
    assert_eq!(
        lines(&log, "store of the shared rate limit answers again").len(),
        1
    );
}
