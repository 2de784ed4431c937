use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::mem;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::page::Item;

/// Which items have come already.
///
/// An item is known by its `id`, of whatever type, and without one by all that it says. Of each, 16
/// bytes are kept; of those that came long ago, nothing.
#[derive(Debug)]
pub(super) struct Seen {
    /// Two, since 64 bits would be wrong once in a while.
    hashers: [RandomState; 2],
    recent: HashSet<Key>,
    older: HashSet<Key>,
    room: usize,
}

pub(super) type Key = [u64; 2];

impl Seen {
    /// Remembers at least the last `room` items, and at most twice as many.
    fn with_room(room: usize) -> Self {
        Self {
            hashers: Default::default(),
            recent: HashSet::new(),
            older: HashSet::new(),
            room,
        }
    }

    /// Whether one of the items has come already.
    pub(super) fn has_one_of(&self, items: &[Item]) -> bool {
        items.iter().any(|item| self.contains(&self.key(item).0))
    }

    /// The items of a page that are new.
    pub(super) fn news(&mut self, page: Vec<Item>) -> Vec<Item> {
        let mut without_id = Vec::new();
        let mut is_new = |item: &Item| match self.key(item) {
            (key, true) => self.insert(key),
            (key, false) => {
                // Two that say the same on one page are two items, such as tags or numbers.
                without_id.push(key);
                !self.contains(&key)
            }
        };
        let mut news = page;
        news.retain(|item| is_new(item));
        for key in without_id {
            self.insert(key);
        }
        news
    }

    /// What an item is known by, and whether that is its id.
    pub(super) fn key(&self, item: &Item) -> (Key, bool) {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
        }
        // serde takes an array for a struct as well.
        let is_object = item.json.first() == Some(&b'{');
        let named = is_object.then(|| serde_json::from_slice::<Named<'_>>(&item.json).ok());
        let id = named.flatten().and_then(|named| named.id);
        // An empty one is left out, and no name that several share.
        let id = id.filter(|id| id.get() != r#""""#);
        let text = id.map_or(&item.json[..], |id| id.get().as_bytes());
        let hash = |hasher: &RandomState| hasher.hash_one((id.is_some(), text));
        (self.hashers.each_ref().map(hash), id.is_some())
    }

    fn contains(&self, key: &Key) -> bool {
        self.recent.contains(key) || self.older.contains(key)
    }

    fn insert(&mut self, key: Key) -> bool {
        if self.contains(&key) {
            return false;
        }
        if self.recent.len() == self.room {
            self.older = mem::take(&mut self.recent);
        }
        self.recent.insert(key)
    }
}

impl Default for Seen {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

/// Some 20 MB at most.
const ROOM: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use serde_json::{Value, json};

    fn left(seen: &mut Seen, page: Value) -> Vec<usize> {
        let Value::Array(page) = page else {
            panic!("not a page")
        };
        let item = |(place, json): (usize, Value)| Item {
            place,
            json: Bytes::from(json.to_string()),
        };
        let page = page.into_iter().enumerate().map(item).collect();
        seen.news(page).iter().map(|item| item.place).collect()
    }

    #[test]
    fn an_id_of_any_type_names_an_item() {
        let page = json!([
            {"id": 7, "at": 1}, {"id": 7, "at": 2}, {"id": "7"}, {"id": 7.5}, {"id": true},
            {"id": {"a": 1}}, {"id": [1]}, {"id": [1, 2]},
        ]);
        let mut seen = Seen::default();
        assert_eq!(left(&mut seen, page.clone()), [0, 2, 3, 4, 5, 6, 7]);
        assert!(left(&mut seen, page).is_empty());
        assert_eq!(left(&mut seen, json!([{"id": 8}, {"id": 7, "at": 3}])), [0]);
    }

    #[test]
    fn without_an_id_all_that_it_says_names_an_item() {
        let page = json!([{"name": "a"}, {"id": null, "name": "b"}, "c", 7, null, [], 7,
            {"id": "", "name": "d"}, {"id": "", "name": "e"}]);
        let mut seen = Seen::default();
        assert_eq!(left(&mut seen, page.clone()), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(left(&mut seen, page).is_empty());
        assert_eq!(
            left(&mut seen, json!([{"name": "a", "at": 1}, {"id": 7}])),
            [0, 1]
        );
    }

    #[test]
    fn the_last_ones_are_remembered_and_no_more_than_there_is_room_for() {
        let mut seen = Seen::with_room(10);
        for id in 0..1_000u32 {
            assert_eq!(left(&mut seen, json!([{"id": id}])), [0]);
            let last: Vec<_> = (id.saturating_sub(10)..=id)
                .map(|id| json!({"id": id}))
                .collect();
            assert!(left(&mut seen, last.into()).is_empty(), "{id}");
            assert!(seen.recent.len() + seen.older.len() <= 20);
        }
    }
}
