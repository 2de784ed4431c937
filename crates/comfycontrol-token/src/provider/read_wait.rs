use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::shared::{Shared, State};

/// Waits for the end of one reading.
pub(crate) struct ReadWait {
    shared: Arc<Shared>,
    read: u64,
    slot: Option<usize>,
}

impl ReadWait {
    /// Waits for the reading that is under way.
    pub(super) fn new(shared: &Arc<Shared>, state: &State) -> Self {
        Self {
            shared: shared.clone(),
            read: state.reads,
            slot: None,
        }
    }

    /// Waits in this thread.
    pub(super) fn block(mut self) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        while Pin::new(&mut self).poll(&mut cx).is_pending() {
            thread::park();
        }
    }
}

impl Future for ReadWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let waker = cx.waker().clone();
        // Dropped after the lock is open, as is `waker` where it is not needed.
        let _replaced = match this.shared.state.lock().waiters_of(this.read) {
            Some(waiters) => waiters.put(&mut this.slot, waker),
            None => {
                this.slot = None;
                return Poll::Ready(());
            }
        };
        Poll::Pending
    }
}

impl Drop for ReadWait {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        let _removed = match self.shared.state.lock().waiters_of(self.read) {
            Some(waiters) => waiters.remove(slot),
            None => None,
        };
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
