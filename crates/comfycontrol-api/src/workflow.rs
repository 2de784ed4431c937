//! Following a workflow until it has ended.

mod details;
mod ended;
mod failure;
mod following;
mod model;
mod params;
mod request;
mod said;
mod silence_limit;
mod status;
mod update;
mod workflows;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol::{Client, Error};
use futures_core::Stream;
use futures_util::stream;

use self::following::Following;

pub use self::ended::WorkflowEnded;
pub use self::failure::WorkflowFailure;
pub use self::model::{WorkflowDetail, WorkflowSummary};
pub use self::params::WorkflowParams;
pub use self::request::NewWorkflow;
pub use self::status::WorkflowStatus;
pub use self::update::{Output, WorkflowUpdate};
pub use self::workflows::Workflows;

/// Streams the states of a workflow until it has ended.
///
/// Made by [`Api::subscribe`](crate::Api::subscribe).
#[must_use = "streams do nothing unless polled"]
pub struct WorkflowUpdates(State);

enum State {
    /// Not polled yet: settings may still change. `None` only while it is taken.
    Settings(Option<Box<Following>>),
    Following(Pin<Box<dyn Stream<Item = Result<WorkflowUpdate, Error>> + Send>>),
}

impl WorkflowUpdates {
    pub(crate) fn of(client: Client, workflow: &str) -> Self {
        let following = Following::new(client, workflow);
        Self(State::Settings(Some(Box::new(following))))
    }

    /// Sets how long the run is followed while nothing is heard of it; 5 minutes unless set.
    ///
    /// The API may be away that long, or tell only states that are
    /// [unknown](WorkflowStatus::Unknown). No effect once the updates have been polled.
    pub fn give_up_after(mut self, silence: Duration) -> Self {
        if let State::Settings(Some(following)) = &mut self.0 {
            following.give_up_after(silence);
        }
        self
    }
}

impl Stream for WorkflowUpdates {
    type Item = Result<WorkflowUpdate, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let State::Settings(following) = &mut self.0
            && let Some(following) = following.take()
        {
            let updates = stream::try_unfold(*following, Following::next);
            self.0 = State::Following(Box::pin(updates));
        }
        match &mut self.0 {
            State::Following(updates) => updates.as_mut().poll_next(cx),
            State::Settings(_) => Poll::Ready(None),
        }
    }
}

impl fmt::Debug for WorkflowUpdates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowUpdates").finish_non_exhaustive()
    }
}
