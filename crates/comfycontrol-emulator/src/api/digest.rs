use sha2::{Digest, Sha256};

/// The first half of the SHA-256 of a text.
pub(super) fn digest(text: &str) -> u128 {
    let digest = Sha256::digest(text);
    let half = digest.iter().take(16);
    half.fold(0, |number, byte| (number << 8) | u128::from(*byte))
}
