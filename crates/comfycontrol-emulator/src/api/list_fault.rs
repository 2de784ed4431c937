//! What goes wrong with lists that are read page by page.

/// What goes wrong with a list: a page of it, or what happens to it between two pages.
///
/// Hits `GET` of `/v1/runner`, `/v1/workflow` and `/v1/template`. What disappears or appears does
/// so for good, for all later readers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ListFault {
    /// At most so many items are on a page, whatever `per_page` asks for, and pages are
    /// counted by that; at least one.
    Cap(u64),
    /// Once this page is made, so many new items appear at the front of the list, at most
    /// 1,000. A list without items gets none.
    Grow(usize),
    /// The list stands under `items`, not under its own name.
    Missing,
    /// There is no `total`.
    NoTotal,
    /// A list without items is `null`.
    NullWhenEmpty,
    /// Once this page is made, so many of the items on it disappear, the first ones.
    Shrink(usize),
    /// `total` is this.
    Total(u64),
}
