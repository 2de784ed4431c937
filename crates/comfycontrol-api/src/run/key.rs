//! What tells a run from all others.

use std::hash::{BuildHasher, RandomState};

/// A key that nothing else has.
pub(super) fn random() -> String {
    // 128 bits of the keys that the standard library takes from the system.
    let half = || RandomState::new().hash_one(0);
    format!("{:016x}{:016x}", half(), half())
}

/// The name of the run of this key, as lists show it.
pub(super) fn named(name: &str, key: &str) -> String {
    format!("{name} [{key}]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ() {
        let keys: std::collections::HashSet<_> = (0..1000).map(|_| random()).collect();
        assert_eq!(keys.len(), 1000);
        assert!(keys.iter().all(|key| key.len() == 32));
        assert_eq!(named("Sunset", "row 17"), "Sunset [row 17]");
    }
}
