//! What a response carries, before it is a body.

use std::time::Duration;

use crate::{Body, EventFault};

/// The content of a response, as a value.
#[derive(Debug)]
pub(crate) enum Payload {
    Body(Body),
    /// The progress of a run, to be read from the API while the response lasts.
    Events(Subscription),
}

/// One subscription: an event at once, then one per interval, until the run has ended
/// or the cap is reached.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) workflow_id: String,
    pub(crate) interval: Duration,
    pub(crate) max_events: u32,
    pub(crate) faults: Vec<EventFault>,
}
