//! Reading the source: once at a time, and never in the task of a request.

use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

use super::read_wait::ReadWait;
use super::shared::{Shared, Source, State};
use super::source_thread;
use super::waiters::Waiters;
use crate::cache::Reading;
use crate::source::SHORTEST_INTERVAL;
use crate::{AsyncTokenSource, SourceError, SourceErrorKind, TokenSource, clock};

/// The one reading under way.
///
/// Dropping it ends the reading, however that comes about: the source panicked, or the runtime that
/// was to run it shut down. The calls that wait are woken and may start the next one.
#[must_use]
pub(super) struct SourceRead {
    shared: Arc<Shared>,
    /// Not before then, if it is launched.
    rested: Option<Instant>,
}

impl SourceRead {
    /// Waits for the reading under way, or for the one begun here. Launch that once the lock is
    /// open.
    pub(super) fn join(shared: &Arc<Shared>, state: &mut State) -> (Option<Self>, ReadWait) {
        let read = match state.waiters {
            Some(_) => None,
            None => Some(Self::begin(shared, state)),
        };
        (read, ReadWait::new(shared, state))
    }

    /// Marks a reading as under way; there must be none. Launch it once the lock is open.
    pub(super) fn begin(shared: &Arc<Shared>, state: &mut State) -> Self {
        debug_assert!(state.waiters.is_none(), "one reading at a time");
        state.reads += 1;
        state.waiters = Some(Waiters::default());
        state.cache.begin_reading();
        Self {
            shared: shared.clone(),
            rested: state.cache.rested_at(),
        }
    }

    /// Runs as a task, or on a thread that may block. If there is none, the drop says so.
    pub(super) fn launch(self) {
        let now = clock::now();
        let rest = self.rested.filter(|rested| *rested > now);
        match (&self.shared.source, Handle::try_current(), rest) {
            (_, Ok(runtime), None) => self.launch_in(&runtime),
            (_, Ok(runtime), Some(rested)) => {
                // The task is not joined: calls that wait hear of its end from the drop.
                runtime.spawn(async move {
                    sleep_until(rested).await;
                    self.launch_in(&Handle::current());
                });
            }
            (Source::Async(_), Err(_), _) => {
                let reading = self.failed(SourceErrorKind::NoRuntime);
                self.apply(reading, false);
            }
            (_, Err(_), rest) => {
                let rest = rest.map_or(Duration::ZERO, |rested| rested - now);
                source_thread::spawn_outside(move || self.run(), rest);
            }
        }
    }

    fn launch_in(self, runtime: &Handle) {
        if let Source::Async(_) = self.shared.source {
            runtime.spawn(self.run_as_task());
        } else {
            let done = ReadWait::new(&self.shared, &self.shared.state.lock());
            source_thread::spawn(move || self.run(), done, runtime);
        }
    }

    /// Runs here and now, unless the source is asynchronous.
    pub(super) fn run(self) {
        for tries_left in (0..TRIES).rev() {
            let reading = match &self.shared.source {
                Source::Async(_) => self.failed(SourceErrorKind::Asynchronous),
                Source::Blocking(source) => self.read(&**source),
                Source::ByHand => self.failed(SourceErrorKind::NotFound),
            };
            if self.apply(reading, tries_left > 0) {
                break;
            }
            pause();
        }
    }

    async fn run_as_task(self) {
        if let Source::Async(source) = &self.shared.source {
            let reading = self.read_async(&**source).await;
            self.apply(reading, false);
        }
    }

    fn read(&self, source: &dyn TokenSource) -> Reading {
        let wall = clock::wall();
        let reading = unless_panicked(|| {
            let good = |token: &_| self.shared.state.lock().cache.is_good(token, wall);
            Reading {
                result: source.read_preferring(&good),
                may_be_torn: source.may_be_torn(),
                interval: source.interval(),
            }
        });
        reading.unwrap_or_else(|problem| self.failed(problem))
    }

    async fn read_async(&self, source: &dyn AsyncTokenSource) -> Reading {
        let mut reading = pin!(async {
            Reading {
                result: source.read().await,
                may_be_torn: false,
                interval: source.interval(),
            }
        });
        let reading = poll_fn(|cx| match unless_panicked(|| reading.as_mut().poll(cx)) {
            Ok(poll) => poll.map(Ok),
            Err(problem) => Poll::Ready(Err(problem)),
        });
        reading.await.unwrap_or_else(|problem| self.failed(problem))
    }

    fn failed(&self, problem: SourceErrorKind) -> Reading {
        Reading {
            result: Err(SourceError::new(&self.shared.label, problem)),
            may_be_torn: false,
            interval: SHORTEST_INTERVAL,
        }
    }

    /// Whether the reading is done; if not, it is to be repeated in a moment.
    fn apply(&self, reading: Reading, next_try: bool) -> bool {
        let (now, wall) = (clock::now(), clock::wall());
        let mut state = self.shared.state.lock();
        let (done, notices) = state.cache.apply(reading, next_try, now, wall);
        drop(state);
        for notice in notices {
            self.shared.report(notice);
        }
        done
    }
}

impl Drop for SourceRead {
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

/// A source that panics has lost at most its own state, and is asked again.
fn unless_panicked<T>(read: impl FnOnce() -> T) -> Result<T, SourceErrorKind> {
    panic::catch_unwind(AssertUnwindSafe(read)).map_err(|_| SourceErrorKind::Panicked)
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
