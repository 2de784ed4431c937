use super::item::{Item, Key};
use super::page::Page;
use super::seen::Seen;
use super::window::Window;

/// How far a list has been read that may change meanwhile: no I/O.
///
/// A page is *linked* to what was read if it is the first, or has an item that was seen: then
/// nothing that stayed in the list lies between them. So each page is chosen to overlap with the
/// one before by an item. Where that item has gone, pages before it are read until one is linked;
/// the first page always is.
#[derive(Debug)]
pub(super) struct Position {
    /// Where the first item that was not read is thought to be, and how far that is behind the last
    /// page.
    next: u64,
    ahead: u64,
    /// The most items a page may have, and the most that one had.
    most: u32,
    largest: u32,
    /// The size of all pages, of a server that does not look at `per_page`.
    fixed: Option<u32>,
    /// Whether the server was asked if it looks there.
    is_probed: bool,
    /// Linked pages in a row without an item that is new.
    stalled: u32,
    /// How often the place was lost that had been read to.
    lost: u32,
    want: Want,
    seen: Seen,
    /// What the item is known by that was the list's first in the beginning.
    first: Option<Key>,
    total: Option<u64>,
}

/// What is to be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Want {
    /// What follows, overlapping with what was read.
    Next,
    /// The page that has this item, and begins the furthest before it.
    Back(u64),
    /// A page of one item, for the server may not look at the size; then the page before this item.
    Probe(u64),
    /// One far behind the end, for the server may not look at the number.
    Far,
    Nothing,
}

/// The list has changed so much that items may be missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Lost;

impl Position {
    pub(super) fn new(per_page: u32) -> Self {
        Self {
            next: 0,
            ahead: 0,
            most: per_page,
            largest: 0,
            fixed: None,
            is_probed: false,
            stalled: 0,
            lost: 0,
            want: Want::Back(0),
            seen: Seen::default(),
            first: None,
            total: None,
        }
    }

    /// The page to read next; `None` at the end of the list.
    pub(super) fn window(&self) -> Option<Window> {
        match (self.want, self.fixed) {
            (Want::Nothing, _) => None,
            (Want::Next, None) => Some(self.overlapping().unwrap_or(self.adjacent(self.most))),
            (Want::Next, Some(size)) => Some(self.adjacent(size)),
            (Want::Back(position), None) => Some(Window::before(position, self.most)),
            (Want::Back(position), Some(size)) => Some(Window::at(position, size)),
            (Want::Probe(_), _) => Some(Window::at(0, 1)),
            (Want::Far, _) => Some(Window::at(FAR, self.most)),
        }
    }

    fn overlapping(&self) -> Option<Window> {
        Window::beyond(self.next.checked_sub(1)?, self.most)
    }

    fn adjacent(&self, size: u32) -> Window {
        Window::at(self.next, size)
    }

    /// Takes in the page that was read by `window`; the items that are new.
    pub(super) fn take(&mut self, window: Window, page: Page) -> Result<Vec<Item>, Lost> {
        let length = u32::try_from(page.items.len()).unwrap_or(u32::MAX);
        let want = self.want;
        self.want = Want::Next;
        if page.is_all {
            self.want = Want::Nothing;
            return Ok(page.items);
        }
        let first = page.items.first().map(|item| item.key);
        let begins_anew = first.is_some() && first == self.first;
        if want == Want::Far {
            if begins_anew {
                self.want = Want::Nothing;
            }
            return Ok(Vec::new());
        }
        if let Want::Probe(position) = want {
            self.is_probed = true;
            match length {
                0 | 1 => self.want = Want::Back(position),
                _ => self.fixed = Some(length),
            }
            return Ok(Vec::new());
        }
        let mut window = window;
        if length > window.size {
            self.fixed = Some(length);
            window.size = length;
        }
        let is_unchecked = want == Want::Next
            && self.ahead == 0
            && (self.fixed.is_some() || self.overlapping().is_none());
        let total_before = std::mem::replace(&mut self.total, page.total);
        if is_unchecked && total_before != page.total {
            return Err(Lost);
        }
        let start = window.start();
        let is_linked = start == 0 || is_unchecked || self.seen.has_one_of(&page.items);
        if !is_linked {
            self.lost += u32::from(want == Want::Next);
            if self.lost > MOST_LOST {
                return Err(Lost);
            }
            self.want = match self.is_probed {
                true => Want::Back(start - 1),
                false => Want::Probe(start - 1),
            };
            return Ok(Vec::new());
        }
        if start == 0 && self.first.is_none() {
            self.first = first;
        }
        let news = self.seen.news(page.items);
        let end = start + u64::from(length);
        (self.next, self.ahead) = (end, 0);
        let is_short = length < window.size;
        let is_end = length == 0
            || is_short
                && match page.total {
                    Some(total) if total == end => true,
                    Some(total) if total > end && !news.is_empty() => false,
                    // As long a page as this was given before.
                    _ => window.size <= self.largest,
                };
        self.largest = self.largest.max(length);
        if is_end {
            self.want = Want::Nothing;
            return Ok(news);
        }
        if is_short && window.size > self.largest {
            // So many it gives at once.
            self.most = self.largest;
        }
        if news.is_empty() {
            self.stalled += 1;
            if self.stalled > MOST_STALLED {
                return Err(Lost);
            }
            if begins_anew && start > 0 {
                self.want = Want::Far;
            }
            if want == Want::Next {
                // Further ahead each time, to overtake a list that grows before this place.
                self.ahead = u64::from(length) * u64::from(self.stalled - 1);
                self.next += self.ahead;
            }
        } else {
            self.stalled = 0;
        }
        Ok(news)
    }
}

const FAR: u64 = 1 << 31;
/// Each costs a request.
const MOST_STALLED: u32 = 32;
/// A list whose items are removed as they come is lost once a page.
const MOST_LOST: u32 = 1_000;

#[cfg(test)]
mod tests;
