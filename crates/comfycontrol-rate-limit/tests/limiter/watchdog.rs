//! For tests that would hang if the code were broken: a thread of their own, and real time.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};

use super::support::{MILLISECOND, SECOND, respond};

/// Runs `test` in a thread of its own, and fails if that takes too long.
pub(crate) fn within_seconds(test: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        _ = done.send(());
    });
    match finished.recv_timeout(20 * SECOND) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

pub(crate) fn limiter(requests: u32, per: Duration) -> Limiter {
    let quota = Quota::new(requests, per).unwrap();
    Limiter::builder(quota)
        .algorithm(Algorithm::SlidingLog)
        .linger(10 * MILLISECOND)
        .build()
}

pub(crate) async fn use_slot(limiter: &Limiter) {
    respond(limiter.acquire().await.unwrap().dispatch());
}

/// No call waits and nothing is held.
pub(crate) fn clean(limiter: &Limiter) {
    let seen = limiter.snapshot();
    assert_eq!((seen.queued(), seen.in_flight()), (0, 0));
}

pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
