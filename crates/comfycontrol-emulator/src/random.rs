//! Numbers that look random and are the same for the same seed.

use std::hash::{BuildHasher, Hasher, RandomState};

/// The number with this serial in the sequence of this seed (SplitMix64).
///
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
pub(crate) fn mix(seed: u64, serial: u64) -> u64 {
    let mut z = seed.wrapping_add(serial.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Whether an event of this probability happens to this serial number.
pub(crate) fn happens(probability: f64, seed: u64, serial: u64) -> bool {
    // 53 bits, as many as an f64 holds, so that 0.0 is never and 1.0 is always.
    let draw = (mix(seed, serial) >> 11) as f64 / (1u64 << 53) as f64;
    draw < probability
}

/// A seed that differs from process to process and from call to call.
pub(crate) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
