use std::time::Duration;

use comfycontrol_rate_limit::{Reading, Store, Unavailable};
use comfycontrol_rate_limit_redis::{RedisError, RedisErrorKind, RedisStore};
use comfycontrol_test::{RedisProgram, RedisServer, SECOND, within};
use comfycontrol_test_store::failure;

pub(crate) use comfycontrol_test_store::{KEEP, read, record, swap, version};

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
    failure(result, RedisError::kind)
}
