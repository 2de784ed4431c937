use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::status::WorkflowStatus;
use crate::{ManagedRunnerId, RunnerId, UserId, WorkflowId, null, shown};

/// A workflow, as lists and histories show it.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WorkflowSummary {
    /// The id of the run.
    pub id: WorkflowId,
    /// The name of the run.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
    /// How far the run is.
    pub status: WorkflowStatus,
    /// What its runner must offer.
    #[serde(deserialize_with = "null::or_default")]
    pub tags: Vec<String>,
    /// When the run was accepted.
    pub created_at: Option<Timestamp>,
    /// When its status last changed.
    pub updated_at: Option<Timestamp>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When the run ended.
    pub completed_at: Option<Timestamp>,
}

/// A workflow with all that the API tells of it.
///
/// `Debug` leaves out the graph and the values of the parameters.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WorkflowDetail {
    /// The id of the run.
    pub id: WorkflowId,
    /// The account it belongs to.
    pub user_id: UserId,
    /// The runner of the account that it runs on, once that is decided.
    pub user_runner_id: Option<RunnerId>,
    /// The managed runner that it runs on, once that is decided.
    pub managed_runner_id: Option<ManagedRunnerId>,
    /// The name of the run.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
    /// How far the run is.
    pub status: WorkflowStatus,
    /// What its runner must offer.
    #[serde(deserialize_with = "null::or_default")]
    pub tags: Vec<String>,
    /// The graph as it was handed in.
    pub workflow_json: Value,
    /// The parameters, such as `("$text(prompt)", "a sunset")` and `("#choice(sampler)", "euler")`.
    #[serde(deserialize_with = "null::or_default")]
    pub workflow_params: Vec<(String, Value)>,
    /// What ComfyUI knows it by, once it is queued.
    pub prompt_id: Option<String>,
    /// The place of the run in the runner's queue.
    pub queue_number: Option<i64>,
    /// The node that failed.
    pub error_node: Option<String>,
    /// The type of the exception by which it failed.
    pub exception_type: Option<String>,
    /// What the exception says.
    pub exception_message: Option<String>,
    /// When the run was accepted.
    pub created_at: Option<Timestamp>,
    /// When its status last changed.
    pub updated_at: Option<Timestamp>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When the run ended.
    pub completed_at: Option<Timestamp>,
}

impl fmt::Debug for WorkflowSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowSummary")
            .field("id", &self.id)
            .field("name", &shown::text(&self.name))
            .field("status", &self.status)
            .field("tags", &shown::list(&self.tags))
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .field("started_at", &self.started_at)
            .field("completed_at", &self.completed_at)
            .finish()
    }
}

impl fmt::Debug for WorkflowDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params = self.workflow_params.iter();
        let params: Vec<_> = params.map(|(name, _)| shown::text(name)).collect();
        f.debug_struct("WorkflowDetail")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("user_runner_id", &self.user_runner_id)
            .field("managed_runner_id", &self.managed_runner_id)
            .field("name", &shown::text(&self.name))
            .field("status", &self.status)
            .field("tags", &shown::list(&self.tags))
            .field("workflow_params", &params)
            .field("prompt_id", &shown::optional(&self.prompt_id))
            .field("queue_number", &self.queue_number)
            .field("error_node", &shown::optional(&self.error_node))
            .field("exception_type", &shown::optional(&self.exception_type))
            .field(
                "exception_message",
                &shown::optional(&self.exception_message),
            )
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .field("started_at", &self.started_at)
            .field("completed_at", &self.completed_at)
            .finish_non_exhaustive()
    }
}
