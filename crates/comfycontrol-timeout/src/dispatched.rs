//! Whether a request has been handed to the transport, by a count per thread.

use std::cell::Cell;

/// Whether the request of a call may have been handed to the transport.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dispatched {
    No,
    Maybe,
}

impl Dispatched {
    /// The same after what is inside was called or polled, before which the [`count`] was `before`.
    pub(crate) fn after(self, before: usize) -> Self {
        if count() == before { self } else { Self::Maybe }
    }
}

/// How many requests have been handed to the transport on this thread.
pub(crate) fn count() -> usize {
    COUNT.get()
}

/// Counts one request more.
pub(crate) fn count_one() {
    COUNT.set(COUNT.get().wrapping_add(1));
}

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_in_between_makes_a_maybe_and_other_threads_do_not_count() {
        let before = count();
        let elsewhere = std::thread::spawn(count_one);
        elsewhere.join().unwrap();
        assert!(matches!(Dispatched::No.after(before), Dispatched::No));
        assert!(matches!(Dispatched::Maybe.after(before), Dispatched::Maybe));
        count_one();
        assert!(matches!(Dispatched::No.after(before), Dispatched::Maybe));
        assert!(matches!(Dispatched::No.after(count()), Dispatched::No));
    }
}
