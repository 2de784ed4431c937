use std::fmt;

use comfycontrol_core::Escaped;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How far a workflow is.
///
/// `Display` and `Debug` mask tokens and escape control characters of a state that is not known;
/// [`as_str`](Self::as_str) is the API's own text.
#[derive(Clone, Eq, Hash, PartialEq)]
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
    /// A state this crate does not know, as the API writes it.
    Unknown(String),
}

impl WorkflowStatus {
    /// Whether nothing follows.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Completed | Self::Failed | Self::Invalid
        )
    }

    /// The state as the API writes it, such as `completed`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Invalid => "invalid",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Uploaded => "uploaded",
            Self::Unknown(text) => text,
        }
    }
}

impl From<String> for WorkflowStatus {
    fn from(text: String) -> Self {
        match text.as_str() {
            "accepted" => Self::Accepted,
            "cancelled" => Self::Cancelled,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "invalid" => Self::Invalid,
            "queued" => Self::Queued,
            "running" => Self::Running,
            "uploaded" => Self::Uploaded,
            _ => Self::Unknown(text),
        }
    }
}

impl<'de> Deserialize<'de> for WorkflowStatus {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        String::deserialize(de).map(Self::from)
    }
}

impl Serialize for WorkflowStatus {
    fn serialize<S: Serializer>(&self, ser: S) -> Result<S::Ok, S::Error> {
        ser.serialize_str(self.as_str())
    }
}

impl fmt::Display for WorkflowStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(text) => fmt::Display::fmt(&Escaped::new(text, MOST_SHOWN), f),
            known => f.pad(known.as_str()),
        }
    }
}

impl fmt::Debug for WorkflowStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Characters.
const MOST_SHOWN: usize = 100;
