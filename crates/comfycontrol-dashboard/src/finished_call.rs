use std::time::Duration;

use crate::outcome::Outcome;

/// A call that has ended, as a [`Recorder`](crate::Recorder) is told of it.
///
/// ```
/// use comfycontrol_dashboard::{FinishedCall, Outcome, Recorder};
/// use http::StatusCode;
/// use std::time::Duration;
///
/// let recorder = Recorder::new();
/// let call = FinishedCall::new(Outcome::Status(StatusCode::OK))
///     .with_caller("nightly renders")
///     .with_wait(Duration::from_millis(250))
///     .with_duration(Duration::from_millis(900));
/// recorder.record(call);
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct FinishedCall<'a> {
    pub(crate) outcome: Outcome,
    pub(crate) caller: Option<&'a str>,
    pub(crate) wait: Option<Duration>,
    pub(crate) duration: Option<Duration>,
}

impl<'a> FinishedCall<'a> {
    /// Creates a call that ended so, of which nothing else is known.
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            caller: None,
            wait: None,
            duration: None,
        }
    }

    /// Names the caller whose call it was. It is shown on the page, so no secret.
    pub fn with_caller(mut self, caller: &'a str) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Sets how long the call waited before it left.
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Sets how long the call took in all, its wait included.
    pub fn with_duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }
}
