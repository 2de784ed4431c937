//! Whatever bytes are in the store of a shared budget: nothing is granted from those that are no
//! record, and never more than the quota from any others.
//!
//! An input is the record. It is tried as it is, and once more with a checksum that is right.

#![cfg_attr(fuzzing, no_main)]

use std::time::Duration;

use comfycontrol_fuzz::{block_on, fuzz_target};
use comfycontrol_rate_limit::{Limiter, MemoryStore, Quota, Record, Store, Version};
use tokio::time::timeout;

fuzz_target!(|bytes: &[u8]| {
    let is_sealed = bytes
        .split_last_chunk()
        .is_some_and(|(content, seal)| checksum(content) == u64::from_le_bytes(*seal));
    let granted = grants(bytes, MOST_SILENT);
    assert!(is_sealed || granted == 0, "granted from what is no record");

    let mut sealed = bytes.to_vec();
    sealed.extend_from_slice(&checksum(bytes).to_le_bytes());
    assert!(grants(&sealed, Duration::from_secs(1)) <= LIMIT);
});

const LIMIT: usize = 3;

/// Two windows and what lingers: for so long nothing is granted after a record was lost.
const MOST_SILENT: Duration = Duration::from_millis(22_900);

/// How many slots are granted within that time by a store that holds these bytes.
fn grants(bytes: &[u8], within: Duration) -> usize {
    block_on(async {
        let store = MemoryStore::new();
        let record = Record {
            version: Version::from_bytes([7; 16]),
            content: bytes.to_vec(),
        };
        let put = store.replace(None, record, Duration::ZERO).await;
        put.expect("a store in memory is never away");
        let quota = Quota::new(LIMIT as u32, Duration::from_secs(10)).expect("it is sound");
        let (limiter, keeper) = Limiter::builder(quota).build_shared(store);
        let keeper = tokio::spawn(keeper);
        let mut permits = Vec::new();
        // Together, not each: time stands still while there is something to do.
        let acquiring = async {
            while let Ok(permit) = limiter.acquire().await {
                permits.push(permit);
            }
        };
        let _ = timeout(within, acquiring).await;
        assert!(
            !keeper.is_finished() || permits.is_empty(),
            "granted, and given up"
        );
        permits.len()
    })
}

/// FNV-1a of 64 bits, as the record has it.
fn checksum(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
