use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

/// Tells tokens apart in logs without telling anything about them.
///
/// Eight hexadecimal digits, equal for equal tokens **within one process** and different in the
/// next one. Two different tokens share a fingerprint with a probability of 1 in 2³².
///
/// It is 32 bits of the standard library's keyed hash, with a key drawn when the process starts. A
/// truncated SHA-256 would need a further dependency, and guesses could be tested against an old
/// log without end; this value means nothing once the key is gone.
///
/// ```
/// use comfycontrol_token::Token;
///
/// let one = Token::parse("cfc_one")?;
/// let two = Token::parse("cfc_two")?;
/// assert_eq!(one.fingerprint(), one.clone().fingerprint());
/// assert_ne!(one.fingerprint(), two.fingerprint());
/// assert_eq!(one.fingerprint().to_string().len(), 8);
/// # Ok::<(), comfycontrol_token::InvalidToken>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Fingerprint(u32);

impl Fingerprint {
    pub(crate) fn of(secret: &[u8]) -> Self {
        Self((KEY.hash_one(secret) >> 32) as u32)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
