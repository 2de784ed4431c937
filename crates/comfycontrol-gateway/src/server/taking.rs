//! Over HTTP/2 a caller that takes nothing of its response leaves the connection as it is, so that
//! no write of the connection fails: the call itself is watched.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

/// Runs the calls of HTTP/2 connections. One ends, and its stream is reset, once its caller has
/// taken nothing of what is there for it for so long.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    pub(super) timeout: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        tokio::spawn(Watched {
            call,
            taking: Taking::default(),
            timeout: self.timeout,
            stalled: None,
        });
    }
}

tokio::task_local! {
    static CURRENT: Taking;
}

/// How far a response's body has been asked for: how often, and whether a part of it was given
/// last, in the lowest bit. hyper asks for the next part when the caller has room for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Taking(Arc<AtomicU64>);

impl Taking {
    /// That of the call which this task is; none over HTTP/1.1.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// The response's head is there, and a body follows it. hyper may wait for room before it asks
    /// the body at all.
    pub(super) fn begun(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    /// The body was asked for more, and gave a part or had none yet.
    pub(super) fn asked(&self, has_given: bool) {
        let asked = (self.0.load(Ordering::Relaxed) | 1) + 1;
        self.0
            .store(asked | u64::from(has_given), Ordering::Relaxed);
    }

    /// The number of the part that the caller has not taken, if there is one.
    fn waits_for_room(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|asked| asked & 1 == 1)
    }
}

pin_project! {
    struct Watched<F> {
        #[pin]
        call: F,
        taking: Taking,
        timeout: Duration,
        // For which part, and until when.
        stalled: Option<(u64, Pin<Box<Sleep>>)>,
    }
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let polled = CURRENT.sync_scope(this.taking.clone(), || this.call.poll(cx));
        if polled.is_ready() {
            return Poll::Ready(());
        }
        let Some(part) = this.taking.waits_for_room() else {
            *this.stalled = None;
            return Poll::Pending;
        };
        let (_, until) = match this.stalled {
            Some(stalled) if stalled.0 == part => stalled,
            stalled => stalled.insert((part, Box::pin(sleep(*this.timeout)))),
        };
        ready!(until.as_mut().poll(cx));
        tracing::debug!("a caller has taken nothing of its response for too long");
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    /// Runs a call, and tells when it has ended, or was ended.
    fn run(call: impl Future<Output = ()> + Send + 'static) -> oneshot::Receiver<()> {
        let (held, ended) = oneshot::channel::<()>();
        let streams = Streams { timeout: TIMEOUT };
        streams.execute(async move {
            call.await;
            drop(held);
        });
        ended
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_takes_nothing_is_given_up_and_a_slow_one_is_not() {
        let mut call = run(async {
            let taking = Taking::current().expect("the task of a call");
            for _ in 0..10 {
                taking.asked(true);
                sleep(TIMEOUT - Duration::from_secs(10)).await;
            }
            std::future::pending().await
        });
        sleep(TIMEOUT * 8).await;
        assert!(
            call.try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        sleep(TIMEOUT * 2).await;
        assert!(
            call.try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_never_has_room_is_given_up() {
        let mut call = run(async {
            Taking::current().expect("the task of a call").begun();
            std::future::pending().await
        });
        sleep(TIMEOUT - Duration::from_secs(1)).await;
        assert!(
            call.try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        sleep(Duration::from_secs(2)).await;
        assert!(
            call.try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_waits_for_more_is_not_given_up() {
        let mut call = run(async {
            let taking = Taking::current().expect("the task of a call");
            taking.asked(true);
            taking.asked(false);
            std::future::pending().await
        });
        sleep(TIMEOUT * 100).await;
        assert!(
            call.try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
    }
}
