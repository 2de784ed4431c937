//! Whether the reader that polls a body hands its bytes on, by a mark per thread: bodies stand
//! between the two that know of neither.

use std::cell::Cell;

/// What becomes of the bytes of the body that is polled on this thread.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Reader {
    #[default]
    HandsOn,
    /// All are kept back until the last has come.
    Keeps,
    /// They were kept back, and begin again.
    StartsOver,
}

impl Reader {
    /// The reader that polls the body that asks. What that body polls in turn is handed on to it.
    pub(crate) fn take() -> Self {
        READER.take()
    }

    /// Polls a body for a reader that keeps its bytes back; with whether they begin again.
    pub(crate) fn keep<T>(poll: impl FnOnce() -> T) -> (T, bool) {
        /// What panics leaves no mark.
        struct Unmark;

        impl Drop for Unmark {
            fn drop(&mut self) {
                READER.take();
            }
        }

        READER.set(Self::Keeps);
        let unmark = Unmark;
        let polled = poll();
        let starts_over = READER.get() == Self::StartsOver;
        drop(unmark);
        (polled, starts_over)
    }

    /// Says that the bytes begin again, to a reader that keeps them.
    pub(crate) fn start_over(self) {
        if self == Self::Keeps {
            READER.set(Self::StartsOver);
        }
    }
}

thread_local! {
    static READER: Cell<Reader> = const { Cell::new(Reader::HandsOn) };
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn only_the_outermost_body_is_read_by_one_who_keeps() {
        assert_eq!(Reader::take(), Reader::HandsOn);
        let (seen, starts_over) = Reader::keep(|| (Reader::take(), Reader::take()));
        assert_eq!(seen, (Reader::Keeps, Reader::HandsOn));
        assert!(!starts_over);
        assert!(Reader::keep(|| Reader::take().start_over()).1);
        assert_eq!(Reader::take(), Reader::HandsOn);
    }

    #[test]
    fn a_panic_leaves_no_mark() {
        let panics = || Reader::keep(|| panic!("in a body"));
        catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        assert_eq!(Reader::take(), Reader::HandsOn);
    }
}
