use std::fmt;

use comfycontrol::Error;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ended::WorkflowEnded;
use super::failure::WorkflowFailure;
use super::status::WorkflowStatus;
use crate::{OutputId, WorkflowId, null, shown};

/// The state of a workflow, as its subscription tells it.
///
/// `Display` is one line for a person. Serialized it is the API's own JSON, signed URLs included.
///
/// `Debug` masks tokens and escapes control characters in what the server wrote, and leaves out
/// [`prompt`](Self::prompt).
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WorkflowUpdate {
    /// How far the run is.
    pub status: WorkflowStatus,
    /// What ComfyUI knows it by.
    #[serde(default)]
    pub prompt: Option<Value>,
    /// The place of the run in the runner's queue.
    #[serde(default)]
    pub queue_number: Option<i64>,
    /// The results of the run, once it is completed.
    #[serde(default, deserialize_with = "null::or_default")]
    pub outputs: Vec<Output>,
    /// Why the run failed.
    #[serde(default)]
    pub cause: Option<WorkflowFailure>,
    /// When it began to run.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When the run ended.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
}

impl WorkflowUpdate {
    /// Whether nothing follows: the status says so, or it is not known and there is a time of the
    /// end.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match &self.status {
            WorkflowStatus::Unknown(_) => self.completed_at.is_some(),
            status => status.is_terminal(),
        }
    }

    /// Turns the end of a workflow that is not completed into an error, and gives back any other
    /// update.
    ///
    /// # Errors
    ///
    /// Fails if the workflow has ended in another state than completed, with a [`WorkflowEnded`] as
    /// [cause](Error::as_cause).
    pub fn error_for_status(self) -> Result<Self, Error> {
        if self.is_terminal() && self.status != WorkflowStatus::Completed {
            let (status, cause) = (self.status, self.cause);
            return Err(Error::unusable(
                StatusCode::OK,
                WorkflowEnded { status, cause },
            ));
        }
        Ok(self)
    }
}

impl fmt::Display for WorkflowUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.status, f)?;
        match (&self.cause, self.queue_number) {
            (Some(cause), _) => write!(f, ": {cause}"),
            (None, Some(place)) if !self.is_terminal() => write!(f, " (place {place})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for WorkflowUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowUpdate")
            .field("status", &self.status)
            .field("queue_number", &self.queue_number)
            .field("outputs", &self.outputs)
            .field("cause", &self.cause)
            .field("started_at", &self.started_at)
            .field("completed_at", &self.completed_at)
            .finish_non_exhaustive()
    }
}

/// A file that a workflow made, with a link that is good for some minutes.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Output {
    /// The id of the output.
    pub id: OutputId,
    /// The workflow it belongs to.
    pub workflow_id: WorkflowId,
    /// Where it can be fetched for some minutes, with a [`Downloader`](crate::Downloader). The
    /// query is a secret while it is valid.
    #[serde(deserialize_with = "null::or_default")]
    pub src: String,
}

impl fmt::Display for Output {
    /// Its id; the URL is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.id, f)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("id", &self.id)
            .field("src", &shown::url(&self.src))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_wrote_is_shown_harmlessly() {
        let hostile = "cfc_secret\n\u{1b}[31m";
        let update: WorkflowUpdate = serde_json::from_value(json!({
            "status": "failed", "prompt": {"prompt_id": hostile},
            "outputs": [{"id": hostile, "workflow_id": "1", "src": "https://u:secret@a.example/b?secret#secret"}],
            "cause": {"node_type": hostile, "exception_message": hostile},
        }))
        .unwrap();
        let shown = format!("{update:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert_eq!(shown.matches("cfc_***").count(), 3, "{shown}");
        assert!(shown.contains("https://a.example/b"), "{shown}");
        let printed = format!("{update} {} {}", update.outputs[0], update.status);
        assert!(
            !printed.contains("secret") && !printed.contains('\n'),
            "{printed}"
        );
    }

    #[test]
    fn a_state_is_written_as_it_was_read_known_or_not() {
        for status in ["completed", "dreaming", "", "Completed"] {
            let json = json!({
                "status": status, "prompt": {"prompt_id": "1"}, "queue_number": 3,
                "outputs": [{"id": "1", "workflow_id": "2", "src": "https://a.example/b?c"}],
                "cause": {"node_type": "KSampler", "exception_type": null, "exception_message": "b"},
                "started_at": "2024-01-15T14:30:05Z", "completed_at": null,
            });
            let update: WorkflowUpdate = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(update.status.as_str(), status);
            assert_eq!(update.status.to_string(), status);
            assert_eq!(serde_json::to_value(&update).unwrap(), json);
        }
    }

    #[test]
    fn the_end_of_a_run_that_is_not_completed_is_an_error() {
        let update = |json: &str| serde_json::from_str::<WorkflowUpdate>(json).unwrap();
        let cause = r#"{"node_type":"KSampler","exception_message":"out of memory"}"#;
        for (json, says) in [
            (
                format!(r#"{{"status":"failed","cause":{cause}}}"#),
                "workflow has ended as failed: KSampler: out of memory",
            ),
            (
                r#"{"status":"cancelled"}"#.into(),
                "workflow has ended as cancelled",
            ),
            (
                r#"{"status":"expired","completed_at":"2024-01-15T14:30:05Z"}"#.into(),
                "workflow has ended as expired",
            ),
        ] {
            let error = update(&json).error_for_status().unwrap_err();
            assert_eq!(error.to_string(), says);
            assert!(error.as_cause::<WorkflowEnded>().is_some());
            assert!(!error.is_retryable());
        }
        for status in ["completed", "running", "dreaming"] {
            let json = format!(r#"{{"status":"{status}"}}"#);
            assert!(update(&json).error_for_status().is_ok(), "{status}");
        }
    }
}
