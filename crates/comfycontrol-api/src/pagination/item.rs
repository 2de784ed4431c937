use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One item of a page: its JSON, and what it is known by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Item {
    pub(super) place: usize,
    pub(super) json: Bytes,
    pub(super) key: Key,
    /// Whether the key is that of its id.
    pub(super) has_id: bool,
}

/// What an item is known by: its `id`, of whatever type, and without one all that it says.
///
/// Two hashes, since 64 bits would be wrong once in a while.
pub(super) type Key = [u64; 2];

/// Makes the keys of a list's items.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys([RandomState; 2]);

impl Item {
    /// `None` if this is not JSON.
    pub(super) fn new(place: usize, json: Bytes, keys: &Keys) -> Option<Self> {
        let text = str::from_utf8(&json).ok()?;
        let id = id(text)?;
        let says = id.unwrap_or(text);
        let hash = |hasher: &RandomState| hasher.hash_one((id.is_some(), says));
        Some(Self {
            place,
            key: keys.0.each_ref().map(hash),
            has_id: id.is_some(),
            json,
        })
    }
}

/// The `id` of an item, if it has one; `None` if this is not JSON.
fn id(json: &str) -> Option<Option<&str>> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        id: Option<&'a RawValue>,
    }
    // serde takes an array for a struct as well.
    if json.starts_with('{')
        && let Ok(named) = serde_json::from_str::<Named<'_>>(json)
    {
        // An empty one is left out, and no name that several share.
        let id = named.id.map(RawValue::get);
        return Some(id.filter(|id| *id != r#""""#));
    }
    serde_json::from_str::<&RawValue>(json).ok().map(|_| None)
}
