use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::mem;

use serde_json::Value;

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

type Key = [u64; 2];

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

    /// The items of a page that are new, with their place on the page.
    pub(super) fn news(&mut self, page: Vec<Value>) -> VecDeque<(usize, Value)> {
        let mut without_id = Vec::new();
        let mut is_new = |item: &Value| match item.get("id") {
            None | Some(Value::Null) => {
                let key = self.key("item", item);
                // Two that say the same on one page are two items, such as tags or numbers.
                without_id.push(key);
                !self.contains(&key)
            }
            Some(id) => self.insert(self.key("id", id)),
        };
        let news = page
            .into_iter()
            .enumerate()
            .filter(|(_, item)| is_new(item))
            .collect();
        for key in without_id {
            self.insert(key);
        }
        news
    }

    fn key(&self, what: &str, value: &Value) -> Key {
        let text = value.to_string();
        self.hashers
            .each_ref()
            .map(|hasher| hasher.hash_one((what, &text)))
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
    use serde_json::json;

    fn left(seen: &mut Seen, page: Value) -> Vec<usize> {
        let Value::Array(page) = page else {
            panic!("not a page")
        };
        seen.news(page)
            .into_iter()
            .map(|(place, _)| place)
            .collect()
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
        let page = json!([{"name": "a"}, {"id": null, "name": "b"}, "c", 7, null, [], 7]);
        let mut seen = Seen::default();
        assert_eq!(left(&mut seen, page.clone()), [0, 1, 2, 3, 4, 5, 6]);
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
