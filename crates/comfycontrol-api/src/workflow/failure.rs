use std::fmt;

use serde::{Deserialize, Serialize};

use crate::shown;

/// Why a workflow failed.
#[derive(Clone, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WorkflowFailure {
    /// The type of the node that failed.
    #[serde(default)]
    pub node_type: Option<String>,
    /// The type of the exception.
    #[serde(default)]
    pub exception_type: Option<String>,
    /// The message of the exception.
    #[serde(default)]
    pub exception_message: Option<String>,
}

impl fmt::Display for WorkflowFailure {
    /// What is known of it, joined by `: `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = [
            &self.node_type,
            &self.exception_type,
            &self.exception_message,
        ];
        let mut known = known.into_iter().flatten().peekable();
        if known.peek().is_none() {
            return f.write_str("no cause is known");
        }
        while let Some(text) = known.next() {
            fmt::Display::fmt(&shown::text(text), f)?;
            if known.peek().is_some() {
                f.write_str(": ")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for WorkflowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowFailure")
            .field("node_type", &shown::optional(&self.node_type))
            .field("exception_type", &shown::optional(&self.exception_type))
            .field(
                "exception_message",
                &shown::optional(&self.exception_message),
            )
            .finish()
    }
}
