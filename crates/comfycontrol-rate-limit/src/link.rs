//! The bell that wakes the keeper of a shared budget when something has happened here.

use std::task::{Context, Poll, Waker};

use super::sync::{AtomicBool, Mutex, Ordering};

#[derive(Debug)]
pub(crate) struct Link {
    has_rung: AtomicBool,
    keeper: Mutex<Option<Waker>>,
}

impl Link {
    pub(crate) fn new() -> Self {
        Self {
            has_rung: AtomicBool::new(false),
            keeper: Mutex::new(None),
        }
    }

    /// Something has happened. To be called with nothing locked.
    pub(crate) fn ring(&self) {
        if self.has_rung.swap(true, Ordering::SeqCst) {
            return; // the keeper has not looked yet
        }
        let keeper = self.keeper.lock().take();
        if let Some(keeper) = keeper {
            keeper.wake();
        }
    }

    /// Whether something has happened since it was asked last; if not, the keeper is woken when it
    /// does.
    pub(crate) fn poll_rung(&self, cx: &Context<'_>) -> Poll<()> {
        if self.has_rung.swap(false, Ordering::SeqCst) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        let old = self.keeper.lock().replace(waker);
        drop(old);
        if self.has_rung.swap(false, Ordering::SeqCst) {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// The limiter's end: when that goes, the keeper is told.
#[derive(Debug)]
pub(crate) struct Rope(pub(crate) std::sync::Arc<Link>);

impl Drop for Rope {
    fn drop(&mut self) {
        self.0.ring();
    }
}
