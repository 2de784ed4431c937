use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Numbers the calls of a client: a random part chosen once, and a count.
///
/// All attempts of a call have the same id. One the caller has set is kept.
// tower-http's request-id types pull uuid in, and keep the id in the request's extensions, where
// the stack's future cannot read it for `Error::request_id()`.
#[derive(Clone)]
pub(crate) struct RequestIds(Arc<Ids>);

struct Ids {
    client: [u8; CLIENT],
    calls: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        let client = client(RandomState::new().hash_one(0));
        Self(Arc::new(Ids {
            client,
            calls: AtomicU64::new(0),
        }))
    }

    /// Gives a request an id, unless it has one; the id.
    pub(crate) fn set(&self, headers: &mut HeaderMap) -> HeaderValue {
        headers
            .entry(X_REQUEST_ID)
            .or_insert_with(|| self.next())
            .clone()
    }

    fn next(&self) -> HeaderValue {
        let call = self.0.calls.fetch_add(1, Ordering::Relaxed);
        // Owned so, the text is one allocation, and the copies of a request kept for retries none.
        let id = Bytes::from_owner(Id::new(&self.0.client, call));
        let mut id = HeaderValue::from_maybe_shared(id).expect("hexadecimal digits and a dash");
        // Nothing to hide, but HTTP/2 would keep each in the table of headers that come again (RFC
        // 7541 §7.1.3), search it at the next, and soon have pushed out all that do.
        id.set_sensitive(true);
        id
    }
}

impl fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestIds").finish_non_exhaustive()
    }
}

/// `format!("{client:016x}-{call:x}")`, at a tenth of its price.
struct Id {
    text: [u8; CLIENT + 1 + CALL],
    len: usize,
}

impl Id {
    fn new(client: &[u8; CLIENT], call: u64) -> Self {
        let mut text = [b'-'; CLIENT + 1 + CALL];
        let digits = (u64::BITS - call.leading_zeros()).div_ceil(4).max(1) as usize;
        text[..CLIENT].copy_from_slice(client);
        write(&mut text[CLIENT + 1..][..digits], call);
        Self {
            text,
            len: CLIENT + 1 + digits,
        }
    }
}

impl AsRef<[u8]> for Id {
    fn as_ref(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

/// What all ids of a client begin with.
fn client(number: u64) -> [u8; CLIENT] {
    let mut digits = [0; CLIENT];
    write(&mut digits, number);
    digits
}

/// Writes the lowest digits of a number, as many as there is room for.
fn write(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}

/// The digits of 64 bits.
const CLIENT: usize = 16;
const CALL: usize = 16;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_is_what_format_would_write(client: u64, call: u64, shift in 0..64u32) {
            for call in [call >> shift, 0, u64::MAX] {
                let id = Id::new(&super::client(client), call);
                assert_eq!(id.as_ref(), format!("{client:016x}-{call:x}").as_bytes());
            }
        }
    }

    #[test]
    fn no_two_calls_have_the_same_id() {
        let ids = RequestIds::new();
        let copy = ids.clone();
        let made = [ids.next(), copy.next()];
        assert_ne!(made[0], made[1]);
        assert_ne!(made[0], RequestIds::new().next());
    }

    #[test]
    fn no_id_takes_the_place_of_headers_that_come_again() {
        let id = RequestIds::new().next();
        assert!(id.is_sensitive());
    }
}
