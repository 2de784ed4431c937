use std::fmt;

use comfycontrol_core::Escaped;
use serde::Deserialize;
use serde_json::Value;

/// The state of a workflow, as its subscription tells it.
///
/// `Debug` masks tokens and escapes control characters in what the server wrote, and leaves out
/// [`prompt`](Self::prompt).
#[derive(Clone, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct WorkflowUpdate {
    /// How far it is.
    pub status: WorkflowStatus,
    /// What ComfyUI knows it by.
    #[serde(default)]
    pub prompt: Option<Value>,
    /// Its place in the runner's queue.
    #[serde(default)]
    pub queue_number: Option<i64>,
    /// Its results, once it is completed.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub outputs: Vec<Output>,
    /// Why it failed.
    #[serde(default)]
    pub cause: Option<WorkflowFailure>,
    /// When it started, as the API writes it.
    #[serde(default)]
    pub started_at: Option<String>,
    /// When it ended, as the API writes it.
    #[serde(default)]
    pub completed_at: Option<String>,
}

impl fmt::Debug for WorkflowUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowUpdate")
            .field("status", &self.status)
            .field("queue_number", &self.queue_number)
            .field("outputs", &self.outputs)
            .field("cause", &self.cause)
            .field("started_at", &shown(&self.started_at))
            .field("completed_at", &shown(&self.completed_at))
            .finish_non_exhaustive()
    }
}

/// How far a workflow is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum WorkflowStatus {
    /// Validated, waiting.
    Accepted,
    /// Stopped by its owner.
    Cancelled,
    /// Done.
    Completed,
    /// Ended by an error.
    Failed,
    /// Not valid: it never runs.
    Invalid,
    /// In the runner's queue.
    Queued,
    /// Executing.
    Running,
    /// Copied to a runner.
    Uploaded,
    /// A state this crate does not know.
    #[serde(other)]
    Unknown,
}

impl WorkflowStatus {
    /// Whether nothing follows.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Completed | Self::Failed | Self::Invalid
        )
    }
}

/// A result of a workflow.
#[derive(Clone, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct Output {
    /// Its id.
    pub id: String,
    /// The workflow it belongs to.
    pub workflow_id: String,
    /// Where it can be fetched for some minutes, with a [`Downloader`](crate::Downloader). The
    /// query is a secret while it is valid.
    pub src: String,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let src = self.src.split('?').next().unwrap_or_default();
        f.debug_struct("Output")
            .field("id", &Escaped::new(&self.id, MOST_SHOWN))
            .field("src", &Escaped::new(src, MOST_SHOWN))
            .finish_non_exhaustive()
    }
}

/// Why a workflow failed.
#[derive(Clone, Deserialize, PartialEq)]
#[non_exhaustive]
pub struct WorkflowFailure {
    /// The node that failed.
    #[serde(default)]
    pub node_type: Option<String>,
    /// The type of the exception.
    #[serde(default)]
    pub exception_type: Option<String>,
    /// Its message.
    #[serde(default)]
    pub exception_message: Option<String>,
}

impl fmt::Debug for WorkflowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowFailure")
            .field("node_type", &shown(&self.node_type))
            .field("exception_type", &shown(&self.exception_type))
            .field("exception_message", &shown(&self.exception_message))
            .finish()
    }
}

fn shown(text: &Option<String>) -> Option<Escaped<'_>> {
    text.as_ref().map(|text| Escaped::new(text, MOST_SHOWN))
}

fn null_is_empty<'de, D, T>(de: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(de).map(Option::unwrap_or_default)
}

/// Characters a field.
const MOST_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_wrote_is_shown_harmlessly() {
        let hostile = "cfc_secret\n\u{1b}[31m";
        let update: WorkflowUpdate = serde_json::from_value(json!({
            "status": "failed", "prompt": {"prompt_id": hostile}, "started_at": hostile,
            "outputs": [{"id": hostile, "workflow_id": "1", "src": "https://a.example/b?secret"}],
            "cause": {"node_type": hostile, "exception_message": hostile},
        }))
        .unwrap();
        let shown = format!("{update:?}");
        assert!(!shown.contains("secret"), "{shown}");
        assert_eq!(shown.matches("cfc_***").count(), 4, "{shown}");
        assert!(shown.contains("https://a.example/b"), "{shown}");
    }
}
