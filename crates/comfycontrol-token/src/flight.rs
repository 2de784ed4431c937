//! Reading the source: once at a time, off the async threads.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::cache::{Notice, Reading};
use crate::source::SHORTEST_INTERVAL;
use crate::tokens::{Shared, State};
use crate::waiters::Waiters;
use crate::{SourceError, SourceProblem, clock};

/// The one reading under way.
///
/// Dropping it ends the reading, however that comes about: the source panicked, or the runtime that was to
/// run it shut down. Whoever waits is woken and may start the next one.
pub(crate) struct Flight {
    shared: Arc<Shared>,
}

impl Flight {
    /// Marks a reading as under way; there must be none. Launch it once the lock is open.
    pub(crate) fn begin(shared: &Arc<Shared>, state: &mut State) -> Self {
        debug_assert!(state.waiters.is_none(), "one reading at a time");
        state.flight += 1;
        state.waiters = Some(Waiters::default());
        state.cache.begin_reading();
        Self {
            shared: shared.clone(),
        }
    }

    /// Runs on a thread that may block. Should there be none to be had, the drop says so.
    pub(crate) fn launch(self) {
        match Handle::try_current() {
            Ok(runtime) => self.launch_on(&runtime),
            Err(_) => {
                let _ = thread::Builder::new()
                    .name("token-source".into())
                    .spawn(move || self.run());
            }
        }
    }

    fn launch_on(self, runtime: &Handle) {
        let waiting = Arc::new(Mutex::new(Some(self)));
        let to_run = waiting.clone();
        let launched = panic::catch_unwind(AssertUnwindSafe(|| {
            runtime.spawn_blocking(move || {
                let flight = to_run.lock().take();
                flight.map(Self::run)
            })
        }));
        if launched.is_err() {
            // Where no thread can be started, tokio panics and keeps what it was to run.
            let flight = waiting.lock().take();
            drop(flight);
        }
    }

    /// Runs here and now.
    pub(crate) fn run(self) {
        for tries_left in (0..TRIES).rev() {
            let reading = self.read();
            let (now, wall) = (clock::now(), clock::wall());
            let (done, notices) =
                self.shared
                    .state
                    .lock()
                    .cache
                    .take_up(reading, tries_left > 0, now, wall);
            for notice in notices {
                self.shared.report(notice);
            }
            if done {
                break;
            }
            pause();
        }
    }

    fn read(&self) -> Reading {
        let wall = clock::wall();
        // A source that panics has lost at most its own state, and is asked again.
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
            let source = self.shared.source.as_deref()?;
            let good = |token: &_| self.shared.state.lock().cache.is_good(token, wall);
            Some(Reading {
                result: source.read_preferring(&good),
                may_be_torn: source.may_be_torn(),
                interval: source.interval(),
            })
        }));
        let problem = match outcome {
            Ok(Some(reading)) => return reading,
            Ok(None) => SourceProblem::Absent,
            Err(_) => SourceProblem::Panicked,
        };
        Reading {
            result: Err(SourceError::new(
                self.shared.state.lock().cache.name(),
                problem,
            )),
            may_be_torn: false,
            interval: SHORTEST_INTERVAL,
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let waiters = {
            let mut state = self.shared.state.lock();
            state.cache.end_reading();
            state.waiters.take()
        };
        if let Some(waiters) = waiters {
            waiters.wake_all();
        }
    }
}

/// Waits for the end of one reading.
pub(crate) struct Wait {
    shared: Arc<Shared>,
    flight: u64,
    slot: Option<usize>,
}

impl Wait {
    /// Waits for the reading that is under way.
    pub(crate) fn for_flight(shared: &Arc<Shared>, state: &State) -> Self {
        Self {
            shared: shared.clone(),
            flight: state.flight,
            slot: None,
        }
    }

    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        // Dropped after the lock is open, as is `waker` where it is not needed.
        let _replaced = match self.shared.state.lock().waiters_of(self.flight) {
            Some(waiters) => waiters.put(&mut self.slot, waker),
            None => {
                self.slot = None;
                return Poll::Ready(());
            }
        };
        Poll::Pending
    }

    /// Waits in this thread.
    pub(crate) fn block(mut self) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        while self.poll(&waker).is_pending() {
            thread::park();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        let _removed = match self.shared.state.lock().waiters_of(self.flight) {
            Some(waiters) => waiters.remove(slot),
            None => None,
        };
    }
}

impl Shared {
    pub(crate) fn report(&self, notice: Notice) {
        match notice {
            Notice::Expired(token) => tracing::warn!(
                source = self.label,
                %token,
                "the token has expired by the local clock; it is sent all the same until another one comes",
            ),
            Notice::ExpiresIn(token, left) => tracing::warn!(
                source = self.label,
                %token,
                hours = left.as_secs() / 3600,
                minutes = left.as_secs() / 60 % 60,
                "the token expires soon: see to it that another one follows",
            ),
            Notice::Failed(error) => tracing::warn!(%error, "no new token could be read"),
            Notice::Replaced(old, new) => {
                tracing::info!(source = self.label, %old, %new, "another token is in use");
            }
            Notice::TakenBack(error, token) => tracing::warn!(
                %error,
                %token,
                "the new token was refused; the one before it is in use again",
            ),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "on a blocking thread, between two looks at a file that somebody is writing"
)]
fn pause() {
    thread::sleep(SETTLING);
}

/// How long a writer gets to finish when the token is needed at once.
const SETTLING: Duration = Duration::from_millis(20);

/// How often a source is read when the token is needed at once and it does not settle.
const TRIES: u32 = 5;
