use std::collections::VecDeque;

use serde_json::Value;

use super::seen::Seen;

pub(super) struct Page {
    pub(super) items: Vec<Value>,
    pub(super) total: Option<u64>,
}

/// How far a list has been read: no I/O.
#[derive(Debug, Default)]
pub(super) struct Position {
    pub(super) read: u32,
    received: u64,
    seen: Seen,
    pages_without_news: u32,
    finished: bool,
}

impl Position {
    pub(super) fn is_last(&self, max_pages: u32) -> bool {
        self.finished || self.read >= max_pages || self.pages_without_news >= 2
    }

    /// Takes a page in; the items that are new, with their place on the page.
    pub(super) fn advance(&mut self, page: Page, per_page: u32) -> VecDeque<(usize, Value)> {
        self.read += 1;
        let count = page.items.len();
        self.received += count as u64;
        self.finished = count == 0
            || match page.total {
                Some(total) => self.received >= total,
                None => count < per_page as usize,
            };
        let news = self.seen.news(page.items);
        self.pages_without_news = if news.is_empty() {
            self.pages_without_news + 1
        } else {
            0
        };
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn page(ids: impl IntoIterator<Item = u32>, total: Option<u64>) -> Page {
        let items = ids.into_iter().map(|id| json!({ "id": id })).collect();
        Page { items, total }
    }

    #[test]
    fn a_server_that_ignores_the_page_is_read_no_more_than_thrice() {
        let items: [fn(u32) -> Value; 4] = [
            |n| json!({ "id": n.to_string() }),
            |n| json!({ "id": n }),
            |n| json!({ "name": n }),
            |n| json!(n),
        ];
        for (item, total) in items
            .into_iter()
            .flat_map(|item| [(item, Some(1_000)), (item, None)])
        {
            let mut position = Position::default();
            let mut yielded = 0;
            for _ in 0..3 {
                assert!(!position.is_last(100));
                let items = (0..10).map(item).collect();
                yielded += position.advance(Page { items, total }, 10).len();
            }
            assert!(position.is_last(100));
            assert_eq!(yielded, 10, "{:?}", item(0));
        }
    }

    #[test]
    fn a_server_that_gives_shorter_pages_than_asked_for_is_read_on() {
        let mut position = Position::default();
        position.advance(page(0..50, Some(70)), 100);
        assert!(!position.is_last(100));
        position.advance(page(50..70, Some(70)), 100);
        assert!(position.is_last(100));
    }

    #[test]
    fn without_a_total_a_short_page_is_the_last() {
        let mut position = Position::default();
        position.advance(page(0..10, None), 10);
        assert!(!position.is_last(100));
        position.advance(page(10..13, None), 10);
        assert!(position.is_last(100));
    }

    #[test]
    fn the_number_of_pages_is_capped() {
        let mut position = Position::default();
        position.advance(page(0..10, Some(1_000)), 10);
        position.advance(page(10..20, Some(1_000)), 10);
        assert!(position.is_last(2));
    }

    proptest! {
        /// The obvious model: a list, newest first, that grows while it is read. What was there from
        /// the beginning is read, everything at most once, and the reading ends.
        #[test]
        fn what_was_there_is_read_once_while_the_list_grows(
            size in 0u32..60,
            per_page in 1u32..20,
            grows in prop::collection::vec(0u32..5, 200),
            has_ids in any::<bool>(),
        ) {
            let name = if has_ids { "id" } else { "name" };
            let mut newest = size;
            let mut read = Vec::new();
            let mut position = Position::default();
            for grow in grows {
                if position.is_last(1_000) {
                    break;
                }
                let list: Vec<u32> = (0..newest).rev().collect();
                let from = (position.read * per_page).min(newest) as usize;
                let to = (from + per_page as usize).min(list.len());
                let items = list[from..to].iter().map(|n| json!({ name: n })).collect();
                let page = Page { items, total: Some(newest.into()) };
                let news = position.advance(page, per_page);
                read.extend(news.iter().map(|(_, item)| item[name].as_u64().unwrap()));
                newest += grow.min(per_page - 1);
            }
            prop_assert!(position.is_last(1_000));
            let mut once = read.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), read.len());
            prop_assert!((0..size).all(|n| read.contains(&n.into())));
        }
    }
}
