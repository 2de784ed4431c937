use std::error::Error;
use std::fmt;

use super::failure::WorkflowFailure;
use super::status::WorkflowStatus;

/// A workflow has ended, and is not completed.
///
/// Made by [`WorkflowUpdate::error_for_status`](crate::WorkflowUpdate::error_for_status); it is the
/// [cause](comfycontrol::Error::as_cause) of that error.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowEnded {
    pub(super) status: WorkflowStatus,
    pub(super) cause: Option<WorkflowFailure>,
}

impl WorkflowEnded {
    /// How the run ended.
    #[must_use]
    pub fn status(&self) -> &WorkflowStatus {
        &self.status
    }

    /// Why it failed, if it did and the API says so.
    #[must_use]
    pub fn cause(&self) -> Option<&WorkflowFailure> {
        self.cause.as_ref()
    }
}

impl fmt::Display for WorkflowEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workflow has ended as {}", self.status)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for WorkflowEnded {}
