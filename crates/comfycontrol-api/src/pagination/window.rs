/// A page of a size: the items from `start` to before `end`, counted from the list's first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Window {
    /// Counted from 1.
    pub(super) page: u64,
    pub(super) size: u32,
}

impl Window {
    /// The page of this size that has the item at `position`.
    pub(super) fn at(position: u64, size: u32) -> Self {
        let size = size.max(1);
        Self {
            page: position / u64::from(size) + 1,
            size,
        }
    }

    pub(super) fn start(self) -> u64 {
        (self.page - 1) * u64::from(self.size)
    }

    fn end(self) -> u64 {
        self.start() + u64::from(self.size)
    }

    /// Of the pages that have the item at `position` and the next one, the one that leads furthest.
    ///
    /// Pages of one size never overlap; those of others do. `None` if there is no such page of at
    /// most `most` items, which needs that all sizes divide the next position: with 10 items once
    /// in 2,520, with 20 once in 232,792,560.
    pub(super) fn beyond(position: u64, most: u32) -> Option<Self> {
        (1..=most)
            .map(|size| Self::at(position, size))
            .filter(|window| window.end() > position + 1)
            .max_by_key(|window| window.end())
    }

    /// Of the pages that have the item at `position`, the one that begins the furthest before it.
    pub(super) fn before(position: u64, most: u32) -> Self {
        (1..=most)
            .map(|size| Self::at(position, size))
            .min_by_key(|window| (window.start(), u32::MAX - window.size))
            .unwrap_or(Self::at(0, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_stands_still_costs_hardly_more_pages() {
        let (mut position, mut pages) = (99, 1);
        while position < 10_000 {
            let window = Window::beyond(position, 100).unwrap();
            assert!(window.start() <= position);
            position = window.end() - 1;
            pages += 1;
        }
        assert!(pages <= 115, "{pages}");
    }

    #[test]
    fn a_page_has_what_it_is_asked_for() {
        for most in [2, 3, 5, 10, 50, 100] {
            for position in 0..2_600 {
                if let Some(window) = Window::beyond(position, most) {
                    assert!(window.size <= most && window.start() <= position);
                    assert!(window.end() > position + 1);
                } else {
                    assert!((1..=u64::from(most)).all(|size| (position + 1) % size == 0));
                }
                let before = Window::before(position, most);
                assert!(before.start() <= position && before.end() > position);
            }
        }
    }
}
