//! What becomes of the rest of an upload over HTTP/1.1 whose response is over (RFC 9112 §9.5).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;

/// What has been written on a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<State>);

#[derive(Debug, Default)]
struct State {
    bytes: AtomicU64,
    held_up: AtomicBool,
}

impl Written {
    /// What has come of a write.
    pub(crate) fn see(&self, written: &Poll<io::Result<usize>>) {
        self.0
            .held_up
            .store(written.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Ok(bytes)) = written {
            self.0.bytes.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }

    /// Whether there is something to write that the server does not take: hyper may be ready for
    /// another request nevertheless, which would come after it.
    pub(super) fn is_held_up(&self) -> bool {
        self.0.held_up.load(Ordering::Relaxed)
    }

    /// Ends when nothing has been written for a while since the response was over: the server takes
    /// no more of the request.
    pub(super) async fn stopped(self, over: oneshot::Receiver<()>) {
        // Nothing is ever sent: it is dropped.
        let _ = over.await;
        loop {
            let before = self.0.bytes.load(Ordering::Relaxed);
            tokio::time::sleep(IDLE_TIMEOUT).await;
            if self.0.bytes.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
