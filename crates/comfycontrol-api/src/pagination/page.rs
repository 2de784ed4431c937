use super::item::Item;

/// One page of a list.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) items: Vec<Item>,
    pub(super) total: Option<u64>,
    /// It is the whole list.
    pub(super) is_all: bool,
}
