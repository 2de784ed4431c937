use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout};

/// One second.
pub const SECOND: Duration = Duration::from_secs(1);

/// One millisecond.
pub const MILLISECOND: Duration = Duration::from_millis(1);

/// A year: longer than any call waits.
pub const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// The time of the runtime's clock, which is paused in most tests.
#[expect(clippy::disallowed_methods, reason = "a test is the outermost shell")]
pub fn now() -> Instant {
    Instant::now()
}

/// A runtime of this thread alone, whose clock is paused: for a test that has several, or sees one
/// end.
pub fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// A runtime of this thread alone, whose clock is the system's: for a test with sockets that has
/// several, or sees one end.
pub fn real_time() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Waits until a condition holds that no event tells of; looks each millisecond.
pub async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(MILLISECOND).await;
    }
}

/// Gives the output of a future, and fails if that takes longer than `limit`.
///
/// A paused clock runs on to the limit when nothing else is left to do.
#[track_caller]
pub fn within<F: Future>(limit: Duration, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        match timeout(limit, future).await {
            Ok(output) => output,
            Err(_) => panic!("it hangs: not done within {limit:?}, at {caller}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_ends_in_time_is_given() {
        let started = now();
        within(2 * SECOND, sleep(SECOND)).await;
        assert_eq!(started.elapsed(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "it hangs: not done within 1s")]
    async fn what_never_ends_fails_the_test() {
        within(SECOND, std::future::pending::<()>()).await;
    }
}
