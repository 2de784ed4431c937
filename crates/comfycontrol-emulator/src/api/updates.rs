//! The progress of a run, as its subscribers see it.

use serde_json::{Value, json};

use super::account::Account;
use super::outputs;
use super::run::Status;
use super::shelf::Kept;
use super::workflow::{EXCEPTION, EXCEPTION_MESSAGE, Workflow};
use crate::clock::Now;

/// One event of a subscription.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) data: Value,
    /// Whether the run has ended, so that no event follows.
    pub(crate) is_last: bool,
}

/// What is to be said of a run now; nothing if there is no such run.
pub(crate) fn update(account: &Account, now: Now, workflow_id: &str) -> Option<Update> {
    let workflow = account.workflows.find(workflow_id).ok()?;
    Some(Update {
        data: data(account, now, workflow),
        is_last: workflow.status(now).is_terminal(),
    })
}

fn data(account: &Account, now: Now, workflow: &Workflow) -> Value {
    let status = workflow.status(now);
    json!({
        "status": status.name(),
        "prompt": workflow.prompt_id(now).map(|id| json!({ "prompt_id": id })),
        "queue_number": match status {
            Status::Queued | Status::Running => Some(1),
            _ => None,
        },
        "outputs": match status {
            Status::Completed => outputs::list(account, now, workflow.id()),
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
