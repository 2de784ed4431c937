//! A run's state, asked for: the authority where there are no events.

use comfycontrol::{Client, Error};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::failure::WorkflowFailure;
use super::status::WorkflowStatus;
use super::update::{Output, WorkflowUpdate};
use crate::pagination::read_list;

/// Asks for the state of a run, and once it is completed for its outputs: one request, or two.
pub(super) async fn ask(client: &Client, path: &str) -> Result<WorkflowUpdate, Error> {
    let details: Details = client.get(path).send().await?.json().await?;
    let outputs = match details.status {
        WorkflowStatus::Completed => outputs(client, path).await?,
        _ => Vec::new(),
    };
    Ok(details.with_outputs(outputs))
}

async fn outputs(client: &Client, path: &str) -> Result<Vec<Output>, Error> {
    let asked = client.get(format!("{path}/outputs")).send().await;
    match asked {
        Ok(response) => Ok(read_list(response, None).await?.0),
        // So says the API of a run that has none.
        Err(e) if e.status() == Some(StatusCode::NOT_FOUND) => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

/// What `GET /v1/workflow/{id}` says, as far as updates say it too.
#[derive(Deserialize)]
struct Details {
    status: WorkflowStatus,
    #[serde(default)]
    prompt_id: Option<String>,
    #[serde(default)]
    queue_number: Option<i64>,
    #[serde(default)]
    error_node: Option<String>,
    #[serde(default)]
    exception_type: Option<String>,
    #[serde(default)]
    exception_message: Option<String>,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    completed_at: Option<Timestamp>,
}

impl Details {
    fn with_outputs(self, outputs: Vec<Output>) -> WorkflowUpdate {
        let cause = WorkflowFailure {
            node_type: self.error_node,
            exception_type: self.exception_type,
            exception_message: self.exception_message,
        };
        let is_told = cause != WorkflowFailure::default();
        WorkflowUpdate {
            status: self.status,
            prompt: self.prompt_id.map(|id| json!({ "prompt_id": id })),
            queue_number: self.queue_number,
            outputs,
            cause: is_told.then_some(cause),
            started_at: self.started_at,
            completed_at: self.completed_at,
        }
    }
}
