use comfycontrol_core::hex_digits;
use sha2::{Digest, Sha256};

/// The SHA-256 of a caller's key in hexadecimal digits, as it stands in the file of a
/// [`CallerKeys`](crate::CallerKeys).
///
/// ```
/// let hash = comfycontrol_gateway::hash_caller_key("abc");
/// assert!(hash.starts_with("ba7816bf8f01cfea"));
/// ```
#[must_use]
pub fn hash_caller_key(key: &str) -> String {
    hex_digits(&digest(key.as_bytes()))
}

pub(super) type Hash = [u8; 32];

pub(super) fn digest(key: &[u8]) -> Hash {
    Sha256::digest(key).into()
}

/// The opposite of the text of a hash.
pub(super) fn parse(text: &str) -> Option<Hash> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut hash = Hash::default();
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(hash)
}
