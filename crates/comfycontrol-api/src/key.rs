//! What tells a run from all others.

use std::hash::{BuildHasher, RandomState};

use crate::InvalidField;
use crate::field::check_text;

/// A key that nothing else has.
pub(crate) fn random() -> String {
    // 128 bits of the keys that the standard library takes from the system.
    let half = || RandomState::new().hash_one(0);
    format!("{:016x}{:016x}", half(), half())
}

/// The name of the run of this key, as lists show it.
pub(crate) fn named(name: &str, key: &str) -> String {
    format!("{name} [{key}]")
}

/// The key that a name ends with, if it does.
pub(crate) fn of(name: &str) -> Option<&str> {
    let (_, key) = name.strip_suffix(']')?.rsplit_once('[')?;
    (!key.is_empty() && is_plain(key)).then_some(key)
}

/// Checks that a key is one, and comes back from any server as it was sent.
pub(crate) fn check(key: &str) -> Result<(), InvalidField> {
    check_text(FIELD, key, MAX_KEY)?;
    match is_plain(key) {
        true => Ok(()),
        false => Err(InvalidField::new(FIELD, PROBLEM)),
    }
}

/// What no server trims, collapses or normalises, and what leaves no doubt where the key begins.
fn is_plain(key: &str) -> bool {
    let is_word = |word: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"[]".contains(&byte);
        !word.is_empty() && word.bytes().all(is_allowed)
    };
    key.split(' ').all(is_word)
}

const FIELD: &str = "key";
const PROBLEM: &str = "has not only visible ASCII without [ and ], and single spaces between";
/// In characters: a name has 200, and three stand around the key.
const MAX_KEY: usize = 197;

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

    #[test]
    fn a_key_is_read_from_a_name_as_it_was_put_there() {
        for key in ["row 17", "a-b_c/d", "1", &random()] {
            check(key).unwrap();
            assert_eq!(of(&named("a [b]", key)), Some(key));
        }
        for key in [
            "",
            " a",
            "a ",
            "a  b",
            "b] [c",
            "]",
            "é",
            "a\nb",
            "a\u{200b}",
        ] {
            assert!(check(key).is_err(), "{key}");
        }
        for name in ["Sunset", "Sunset []", "Sunset [a] b", "Sunset a]", "[é]"] {
            assert_eq!(of(name), None);
        }
    }
}
