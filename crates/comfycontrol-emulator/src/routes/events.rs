//! The progress of a run as server-sent events.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::{Sleep, sleep};

use super::run::Status;
use super::workflow::{self, EXCEPTION, EXCEPTION_MESSAGE, Workflow};
use super::{Api, Scenario, storage};
use crate::clock;
use crate::shared::{Now, Shared};

/// One subscription: an event at once, then one per interval, until the run ends or the
/// cap is reached, whichever is first.
pub(crate) struct Events {
    shared: Arc<Shared>,
    id: String,
    interval: Duration,
    remaining: u32,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Events {
    pub(super) fn new(shared: Arc<Shared>, id: String, scenario: &Scenario) -> Self {
        Self {
            shared,
            id,
            interval: scenario.sse_interval,
            remaining: scenario.sse_updates,
            pause: None,
        }
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
        }
        let now = clock::now();
        let state = self.shared.at(now);
        let clocks = state.clocks(now);
        let api = state.api.as_ref();
        let event = api.and_then(|api| {
            let workflow = workflow::find(api, &self.id).ok()?;
            Some((update(api, workflow, clocks), workflow.status(clocks)))
        });
        drop(state);

        let Some((update, status)) = event else {
            return Poll::Ready(None);
        };
        self.remaining = if status.is_terminal() {
            0
        } else {
            self.remaining - 1
        };
        self.pause = Some(Box::pin(sleep(self.interval)));
        Poll::Ready(Some(format!("data: {update}\n\n").into()))
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events")
            .field("id", &self.id)
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}

fn update(api: &Api, workflow: &Workflow, now: Now) -> Value {
    let status = workflow.status(now);
    json!({
        "status": status.name(),
        "prompt": workflow.prompt_id(now).map(|id| json!({ "prompt_id": id })),
        "queue_number": match status {
            Status::Queued | Status::Running => Some(1),
            _ => None,
        },
        "outputs": match status {
            Status::Completed => storage::outputs(api, now, &workflow.id),
            _ => json!([]),
        },
        "cause": workflow.failed_node(now).map(|_| json!({
            "node_type": "EmulatedFailure",
            "exception_type": EXCEPTION,
            "exception_message": EXCEPTION_MESSAGE,
        })),
        "started_at": workflow.started(now),
        "completed_at": workflow.ended(now),
    })
}
