//! The future that talks to the store of a shared budget. The caller spawns it.

mod error;
mod outage;
mod rounds;

use std::fmt;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll};

pub use self::error::KeeperError;
pub(crate) use self::rounds::Rounds;
use crate::shared::Shared;
use crate::{RejectedReason, Store};

/// The task, to be spawned, that gets a limiter its slots of a budget [shared] with other
/// processes.
///
/// Nothing leaves unless it runs.
///
/// [shared]: crate::LimiterBuilder::build_shared
///
/// It ends once the last handle to its limiter has gone and all that has happened is written, at
/// most half a [lease](crate::LimiterBuilder::lease) later. A program that ends soon awaits it
/// then, so that the next one need not wait for the lease to end.
///
/// If it is dropped before, as a runtime that ends does, all calls that wait and all that come are
/// rejected: [`RejectedReason::KeeperStopped`]. What is on its way then is counted by the others as
/// long as it may be, until the lease ends or the store says sooner that it is gone.
///
/// One operation of the store is under way at a time, for a quarter of a lease and 2 s at most:
/// then it counts as not answered.
#[must_use = "nothing leaves unless it runs: spawn it"]
pub struct Keeper {
    rounds: Option<Run>,
    shared: Weak<Shared>,
}

type Run = Pin<Box<dyn Future<Output = Result<(), KeeperError>> + Send>>;

impl Keeper {
    pub(crate) fn new<S: Store>(rounds: Rounds<S>, shared: Weak<Shared>) -> Self {
        let rounds: Run = Box::pin(rounds.run());
        Self {
            rounds: Some(rounds),
            shared,
        }
    }

    /// From now on no call gets slots.
    fn stop(&mut self) {
        self.rounds = None;
        if let Some(shared) = self.shared.upgrade() {
            shared.update_quietly(shared.now(), |state, now, effects| {
                state.close(now, Some(RejectedReason::KeeperStopped), effects);
            });
        }
    }
}

impl Future for Keeper {
    type Output = Result<(), KeeperError>;

    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, and after it has finished.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let rounds = self.rounds.as_mut().expect("polled after completion");
        let polled = rounds.as_mut().poll(cx);
        if polled.is_ready() {
            self.stop();
        }
        polled
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if self.rounds.is_some() {
            self.stop();
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}
