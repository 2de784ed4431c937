use crate::text_enum::text_enum;

text_enum! {
    /// How far a workflow is.
    WorkflowStatus {
        /// Validated, waiting.
        Accepted = "accepted",
        /// Stopped by its owner.
        Cancelled = "cancelled",
        /// Done.
        Completed = "completed",
        /// Ended by an error.
        Failed = "failed",
        /// Not valid: it never runs.
        Invalid = "invalid",
        /// In the runner's queue.
        Queued = "queued",
        /// Executing.
        Running = "running",
        /// Copied to a runner.
        Uploaded = "uploaded",
    }
}

impl WorkflowStatus {
    /// Whether the run has ended: no other status follows.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Completed | Self::Failed | Self::Invalid
        )
    }
}
