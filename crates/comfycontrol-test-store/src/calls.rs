use std::time::Duration;

use comfycontrol_rate_limit::{Reading, Record, Replaced, Store, Version};

/// For how long the records of these tests are kept.
pub const KEEP: Duration = Duration::from_secs(60);

/// The version of that number.
pub fn version(number: u8) -> Version {
    Version::from_bytes([number; 16])
}

/// The record of that number, as long as that of eight processes.
pub fn record(number: u8) -> Record {
    Record {
        version: version(number),
        content: vec![number; 760],
    }
}

/// Swaps the record of one number for that of another.
pub async fn swap(store: &impl Store, seen: Option<u8>, number: u8) -> Replaced {
    let replaced = store.replace(seen.map(version), record(number), KEEP);
    replaced.await.unwrap()
}

/// What is kept there now.
pub async fn read(store: &impl Store) -> Reading {
    store.read().await.unwrap()
}
