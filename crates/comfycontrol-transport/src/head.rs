//! How large the head of a response may be.

use http::HeaderMap;

use crate::error::MessageFault;

/// As HTTP/2 counts: name, value and 32 bytes for each field (RFC 9113 §6.5.2).
pub(crate) const MAX_HEAD: usize = 256 * 1024;

/// Counted here, because h2 reports a head beyond its own bound as it does one that is malformed:
/// its bound is wider, so that what lies between can be told.
pub(crate) const MAX_HEAD_OF_H2: u32 = 4 * MAX_HEAD as u32;

pub(crate) fn check(headers: &HeaderMap) -> Result<(), MessageFault> {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + OVERHEAD);
    if sizes.sum::<usize>() > MAX_HEAD {
        return Err(MessageFault::HeadTooLarge);
    }
    Ok(())
}

const OVERHEAD: usize = 32;
