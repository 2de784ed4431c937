use std::fmt;
use std::time::Duration;

use crate::{WorkflowId, WorkflowUpdate};

/// How far a [`Run`](crate::Run) is. `Display` is one line for a person.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunProgress {
    /// The list is looked through for the run: the response to its creation is lost, or it is
    /// [resumed](crate::Run::resume).
    Searching,
    /// It has been started.
    Started {
        /// Its id.
        id: WorkflowId,
        /// Whether it was found in the list.
        adopted: bool,
    },
    /// It has another state.
    Update(WorkflowUpdate),
    /// The form leaves, piece by piece.
    Uploading {
        /// How many bytes have left.
        sent: u64,
        /// How many there are, if that is known.
        length: Option<u64>,
    },
    /// It waits for a slot of the limiter.
    Waiting {
        /// How many calls wait before it.
        ahead: usize,
        /// After what time it leaves, about.
        wait: Duration,
    },
}

impl fmt::Display for RunProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Searching => f.write_str("looking for the run: it may have been started"),
            Self::Started { adopted: false, .. } => f.write_str("started"),
            Self::Started { adopted: true, .. } => f.write_str("started, found in the list"),
            Self::Update(update) => fmt::Display::fmt(update, f),
            Self::Uploading { sent, length } => match length {
                Some(length) => write!(f, "uploading: {sent} of {length} bytes"),
                None => write!(f, "uploading: {sent} bytes"),
            },
            Self::Waiting { ahead, wait } => {
                let seconds = wait.as_secs_f64().ceil();
                write!(
                    f,
                    "waiting for a slot: {ahead} before it, about {seconds} s"
                )
            }
        }
    }
}
