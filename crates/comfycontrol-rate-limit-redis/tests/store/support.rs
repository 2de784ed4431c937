use std::error::Error;
use std::time::Duration;

use comfycontrol_rate_limit::{Reading, Record, Replaced, Store, Unavailable, Version};
use comfycontrol_rate_limit_redis::{RedisError, RedisErrorKind, RedisStore};
use comfycontrol_test::{RedisProgram, RedisServer, SECOND, within};

pub(crate) const KEEP: Duration = Duration::from_secs(60);

/// Runs a test over each server that is installed.
pub(crate) async fn each(test: impl AsyncFn(&RedisProgram)) {
    for program in RedisProgram::installed() {
        println!("over {}", program.name);
        within(60 * SECOND, test(&program)).await;
    }
}

/// The store as one more process has it. It waits longer than a busy machine makes it.
pub(crate) fn open(server: &RedisServer) -> RedisStore {
    let store = RedisStore::open(&server.url()).unwrap();
    store.with_timeout(10 * SECOND).with_absence(Duration::ZERO)
}

pub(crate) fn version(number: u8) -> Version {
    Version::from_bytes([number; 16])
}

pub(crate) fn record(number: u8) -> Record {
    Record {
        version: version(number),
        content: vec![number; 760],
    }
}

/// Swaps the record of one number for another.
pub(crate) async fn swap(store: &RedisStore, seen: Option<u8>, number: u8) -> Replaced {
    let replaced = store.replace(seen.map(version), record(number), KEEP);
    replaced.await.unwrap()
}

pub(crate) async fn read(store: &RedisStore) -> Reading {
    store.read().await.unwrap()
}

/// Reads until the server tells something again.
pub(crate) async fn read_again(store: &RedisStore) -> Reading {
    loop {
        if let Ok(reading) = store.read().await {
            return reading;
        }
    }
}

/// What was wrong with the server.
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, Unavailable>) -> RedisErrorKind {
    let error = result.unwrap_err();
    let source: &RedisError = error.source().unwrap().downcast_ref().unwrap();
    source.kind()
}
