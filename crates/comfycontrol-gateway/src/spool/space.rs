use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes all bodies in files may have together.
#[derive(Clone, Debug)]
pub(super) struct Space(Arc<AtomicU64>);

impl Space {
    pub(super) fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// A part of it, of no bytes yet.
    pub(super) fn part(self) -> Part {
        Part { of: self, taken: 0 }
    }

    #[cfg(test)]
    pub(super) fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one body has taken; it comes back when this is dropped.
#[derive(Debug)]
pub(super) struct Part {
    of: Space,
    taken: u64,
}

impl Part {
    /// Whether there is room for so many more.
    pub(super) fn grow(&mut self, bytes: u64) -> bool {
        let less = |left: u64| left.checked_sub(bytes);
        let order = Ordering::Relaxed;
        let grown = self.of.0.fetch_update(order, order, less).is_ok();
        if grown {
            self.taken += bytes;
        }
        grown
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.of.0.fetch_add(self.taken, Ordering::Relaxed);
    }
}
