//! The life of API tokens: named, optionally expiring, revocable, shown once.
//!
//! Only a SHA-256 digest is kept. The tokens say in their text that they are
//! emulated, so that none is ever mistaken for a real one.

use std::collections::HashMap;
use std::fmt;
use std::time::SystemTime;

use http::HeaderValue;
use sha2::{Digest, Sha256};

use super::token_info::TokenInfo;
use super::unauthorized::Unauthorized;
use crate::random::{mix, seed};

/// The tokens of an emulated account; checks `Authorization` headers against them.
///
/// ```
/// use comfycontrol_emulator::{Tokens, Unauthorized};
/// use std::time::{Duration, SystemTime};
///
/// let day = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
/// let mut tokens = Tokens::new();
/// let plain = tokens.create("laptop", Some(day + Duration::from_secs(60)));
/// assert!(plain.starts_with("cfc_FAKE"));
///
/// let header = format!("Bearer {plain}").parse().unwrap();
/// assert_eq!(tokens.check(Some(&header), day), Ok(()));
/// assert_eq!(tokens.find("laptop").unwrap().last_used(), Some(day));
/// let later = day + Duration::from_secs(60);
/// assert_eq!(tokens.check(Some(&header), later), Err(Unauthorized::Expired));
/// ```
pub struct Tokens {
    by_digest: HashMap<[u8; 32], TokenInfo>,
    seed: u64,
}

impl Tokens {
    /// An account that has no token yet.
    pub fn new() -> Self {
        Self {
            by_digest: HashMap::new(),
            seed: seed(),
        }
    }

    /// Makes a token and shows it, the only time.
    ///
    /// `expires` is the first instant at which it is no longer accepted.
    #[must_use = "the token is shown only once"]
    pub fn create(&mut self, name: &str, expires: Option<SystemTime>) -> String {
        let serial = self.by_digest.len() as u64 * RANDOM as u64;
        let random = (0..RANDOM as u64).map(|i| {
            let draw = mix(self.seed, serial + i) % ALPHANUMERIC.len() as u64;
            char::from(ALPHANUMERIC[draw as usize])
        });
        let plain: String = PREFIX.chars().chain(random).collect();
        self.insert(name, &plain, expires);
        plain
    }

    /// Accepts a token of the caller's choice, of any form.
    ///
    /// A token that is known already is taken as new.
    pub fn insert(&mut self, name: &str, plain: &str, expires: Option<SystemTime>) {
        let info = TokenInfo {
            name: name.to_owned(),
            expires,
            revoked: false,
            first_used: None,
            last_used: None,
            uses: 0,
        };
        self.by_digest.insert(digest(plain.as_bytes()), info);
    }

    /// Accepts the tokens of this name no longer.
    ///
    /// Returns whether there was one.
    pub fn revoke(&mut self, name: &str) -> bool {
        let mut found = false;
        for info in self.by_digest.values_mut().filter(|i| i.name == name) {
            info.revoked = true;
            found = true;
        }
        found
    }

    /// What is known of the token of this name; of the one used last, if several share it.
    pub fn find(&self, name: &str) -> Option<&TokenInfo> {
        self.by_digest
            .values()
            .filter(|info| info.name == name)
            .max_by_key(|info| info.last_used)
    }

    /// Every token, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &TokenInfo> {
        self.by_digest.values()
    }

    /// Checks an `Authorization` header at `now` and notes the use.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`] says which of the documented reasons applies; a revoked
    /// token is [`Invalid`](Unauthorized::Invalid).
    pub fn check(
        &mut self,
        authorization: Option<&HeaderValue>,
        now: SystemTime,
    ) -> Result<(), Unauthorized> {
        let header = authorization.ok_or(Unauthorized::Missing)?;
        let plain = bearer(header.as_bytes()).ok_or(Unauthorized::Invalid)?;
        let info = self
            .by_digest
            .get_mut(&digest(plain))
            .filter(|info| !info.revoked)
            .ok_or(Unauthorized::Invalid)?;
        if info.expires.is_some_and(|expires| expires <= now) {
            return Err(Unauthorized::Expired);
        }
        info.first_used.get_or_insert(now);
        info.last_used = Some(now);
        info.uses += 1;
        Ok(())
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tokens {
    /// The tokens' names and times; their text is not kept, their digests and the seed are not
    /// shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The credentials after `Bearer` and spaces; the scheme in any case (RFC 9110 §11.1).
fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = header.split_at_checked(6)?;
    let token = rest.trim_ascii_start();
    (scheme.eq_ignore_ascii_case(b"bearer") && token.len() < rest.len()).then_some(token)
}

fn digest(plain: &[u8]) -> [u8; 32] {
    Sha256::digest(plain).into()
}

const PREFIX: &str = "cfc_FAKE";
const RANDOM: usize = 32;
const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn header(value: &str) -> HeaderValue {
        HeaderValue::from_str(value).unwrap()
    }

    #[test]
    fn made_tokens_differ_and_have_the_documented_form() {
        let mut tokens = Tokens::new();
        let made: Vec<_> = (0..50).map(|_| tokens.create("x", None)).collect();
        for token in &made {
            let random = token.strip_prefix("cfc_").unwrap();
            assert!(random.bytes().all(|b| b.is_ascii_alphanumeric()));
        }
        let distinct: std::collections::HashSet<_> = made.iter().collect();
        assert_eq!(distinct.len(), 50);
    }

    #[test]
    fn a_revoked_token_is_invalid_and_its_use_is_not_noted() {
        let now = SystemTime::UNIX_EPOCH;
        let mut tokens = Tokens::new();
        let plain = tokens.create("old", None);
        let bearer = header(&format!("Bearer {plain}"));
        assert!(tokens.revoke("old"));
        assert!(!tokens.revoke("unknown"));
        assert_eq!(tokens.check(Some(&bearer), now), Err(Unauthorized::Invalid));
        assert_eq!(tokens.find("old").unwrap().last_used(), None);
    }

    #[test]
    fn an_expired_token_says_so_from_the_first_instant_on() {
        let start = SystemTime::UNIX_EPOCH;
        let end = start + Duration::from_secs(5);
        let mut tokens = Tokens::new();
        tokens.insert("short", "cfc_short", Some(end));
        let bearer = header("Bearer cfc_short");
        let before = end - Duration::from_nanos(1);
        assert_eq!(tokens.check(Some(&bearer), before), Ok(()));
        assert_eq!(tokens.check(Some(&bearer), end), Err(Unauthorized::Expired));
        assert_eq!(tokens.find("short").unwrap().last_used(), Some(before));
        assert_eq!(tokens.find("short").unwrap().uses(), 1);
    }

    #[test]
    fn only_the_bearer_scheme_is_read() {
        let mut tokens = Tokens::new();
        tokens.insert("a", "cfc_a", None);
        let now = SystemTime::UNIX_EPOCH;
        for good in ["Bearer cfc_a", "bearer   cfc_a", "BEARER cfc_a"] {
            assert_eq!(tokens.check(Some(&header(good)), now), Ok(()), "{good}");
        }
        for bad in [
            "cfc_a",
            "Basic cfc_a",
            "Bearercfc_a",
            "Bearer",
            "Bearer cfc_b",
            "",
            "Bearer cfc_a,",
        ] {
            let verdict = tokens.check(Some(&header(bad)), now);
            assert_eq!(verdict, Err(Unauthorized::Invalid), "{bad}");
        }
        assert_eq!(tokens.check(None, now), Err(Unauthorized::Missing));
    }

    #[test]
    fn debug_shows_no_token() {
        let mut tokens = Tokens::new();
        let plain = tokens.create("name", None);
        let shown = format!("{tokens:?}");
        assert!(shown.contains("name"));
        assert!(!shown.contains(&plain) && !shown.contains("FAKE"));
    }
}
