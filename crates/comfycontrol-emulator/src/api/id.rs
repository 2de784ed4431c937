//! The identifiers of the things the API keeps: UUIDs of version 4.

use super::error::ApiError;

/// A UUID of version 4 (RFC 9562 §5.4) made from 128 bits.
pub(super) fn uuid(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        8 + (low >> 62),
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff,
    )
}

/// Checks that a path segment looks like a UUID.
pub(super) fn check(id: &str) -> Result<(), ApiError> {
    let groups: Vec<_> = id.split('-').map(str::len).collect();
    let hexadecimal = id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    if hexadecimal && groups == [8, 4, 4, 4, 12] {
        Ok(())
    } else {
        Err(ApiError::bad_request("invalid id format"))
    }
}
