use std::collections::HashSet;
use std::mem;

use super::item::{Item, Key};

/// Which items have come already: their keys, and of those that came long ago, nothing.
#[derive(Debug)]
pub(super) struct Seen {
    recent: HashSet<Key>,
    older: HashSet<Key>,
    room: usize,
}

impl Seen {
    /// Remembers at least the last `room` items, and at most twice as many.
    fn with_room(room: usize) -> Self {
        Self {
            recent: HashSet::new(),
            older: HashSet::new(),
            room,
        }
    }

    /// Whether one of the items has come already.
    pub(super) fn has_one_of(&self, items: &[Item]) -> bool {
        items.iter().any(|item| self.contains(&item.key))
    }

    /// The items of a page that are new.
    pub(super) fn news(&mut self, page: Vec<Item>) -> Vec<Item> {
        let mut without_id = Vec::new();
        let mut is_new = |item: &Item| {
            if item.has_id {
                return self.insert(item.key);
            }
            // Two that say the same on one page are two items, such as tags or numbers.
            without_id.push(item.key);
            !self.contains(&item.key)
        };
        let mut news = page;
        news.retain(|item| is_new(item));
        for key in without_id {
            self.insert(key);
        }
        news
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
    use super::super::item::Keys;
    use super::*;
    use bytes::Bytes;
    use serde_json::{Value, json};

    /// Remembers what a list's items are known by.
    #[derive(Default)]
    struct List {
        keys: Keys,
        seen: Seen,
    }

    impl List {
        /// The places of those that are new.
        fn left(&mut self, page: Value) -> Vec<usize> {
            let Value::Array(page) = page else {
                panic!("not a page")
            };
            let item = |(place, json): (usize, Value)| {
                Item::new(place, Bytes::from(json.to_string()), &self.keys).unwrap()
            };
            let page = page.into_iter().enumerate().map(item).collect();
            self.seen.news(page).iter().map(|item| item.place).collect()
        }
    }

    #[test]
    fn an_id_of_any_type_names_an_item() {
        let page = json!([
            {"id": 7, "at": 1}, {"id": 7, "at": 2}, {"id": "7"}, {"id": 7.5}, {"id": true},
            {"id": {"a": 1}}, {"id": [1]}, {"id": [1, 2]},
        ]);
        let mut list = List::default();
        assert_eq!(list.left(page.clone()), [0, 2, 3, 4, 5, 6, 7]);
        assert!(list.left(page).is_empty());
        assert_eq!(list.left(json!([{"id": 8}, {"id": 7, "at": 3}])), [0]);
    }

    #[test]
    fn without_an_id_all_that_it_says_names_an_item() {
        let page = json!([{"name": "a"}, {"id": null, "name": "b"}, "c", 7, null, [], 7,
            {"id": "", "name": "d"}, {"id": "", "name": "e"}]);
        let mut list = List::default();
        assert_eq!(list.left(page.clone()), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(list.left(page).is_empty());
        assert_eq!(
            list.left(json!([{"name": "a", "at": 1}, {"id": 7}])),
            [0, 1]
        );
    }

    #[test]
    fn the_last_ones_are_remembered_and_no_more_than_there_is_room_for() {
        let mut list = List {
            seen: Seen::with_room(10),
            ..List::default()
        };
        for id in 0..1_000u32 {
            assert_eq!(list.left(json!([{"id": id}])), [0]);
            let last: Vec<_> = (id.saturating_sub(10)..=id)
                .map(|id| json!({"id": id}))
                .collect();
            assert!(list.left(last.into()).is_empty(), "{id}");
            assert!(list.seen.recent.len() + list.seen.older.len() <= 20);
        }
    }
}
