//! The thread on which a blocking source is read. Only calls that need the token wait for its end.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::read_wait::ReadWait;

/// Calls `read` on a thread of its own, within `runtime` and not joined by its shutdown: a source
/// that hangs must not keep the program from ending.
///
/// If there is no such thread, or the runtime is gone, `read` is dropped, which says so.
pub(super) fn spawn(read: impl FnOnce() + Send + 'static, done: ReadWait, runtime: &Handle) {
    if hold_clock(done, runtime) {
        let runtime = runtime.clone();
        start(move || {
            let _entered = runtime.enter();
            read();
        });
    }
}

/// The same without a runtime, after a `rest`.
#[expect(
    clippy::disallowed_methods,
    reason = "on a thread of its own, where there is no timer"
)]
pub(super) fn spawn_outside(read: impl FnOnce() + Send + 'static, rest: Duration) {
    start(move || {
        thread::sleep(rest);
        read();
    });
}

fn start(run: impl FnOnce() + Send + 'static) {
    let Some(place) = Place::take() else { return };
    let thread = thread::Builder::new().name("token-source".into());
    // What cannot be started is dropped, and says so itself.
    let _ = thread.spawn(move || {
        run();
        drop(place);
    });
}

/// Lets a clock that is paused, as in tests, stand still until `done`, as it does for all work that
/// the runtime's own threads do. `false` if the runtime is gone.
fn hold_clock(done: ReadWait, runtime: &Handle) -> bool {
    let (hold, held) = mpsc::channel::<()>();
    let holding = runtime.spawn(async move {
        done.await;
        drop(hold);
    });
    // Before the reading begins it can end in one way only.
    if holding.is_finished() {
        return false;
    }
    // No other runtime can pause its clock.
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        // Ends with the task above, if not before. Where no thread can be started, tokio panics.
        let _ = panic::catch_unwind(|| runtime.spawn_blocking(move || held.recv()));
    }
    true
}

/// One of the threads that may read sources at the same time.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let place = Self;
        // Dropped where there are too many, and counted off again.
        (TAKEN.fetch_add(1, Ordering::Relaxed) < MAX_THREADS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// As many as tokio has for what blocks.
const MAX_THREADS: usize = 512;
