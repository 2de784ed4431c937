//! The records behind one short lock.

use std::sync::Arc;

use comfycontrol_priority::Key;
use comfycontrol_rate_limit::{Step, Tracker};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock;
use crate::finished_call::FinishedCall;
use crate::outcome::Outcome;
use crate::records::Records;

/// A handle to the records.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Records>>);

impl Shared {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Records::new(clock::now()))))
    }

    pub(crate) fn record(&self, call: FinishedCall<'_>) {
        let now = clock::now();
        self.0.lock().add(now, call);
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Records) -> T) -> T {
        look(&mut self.0.lock())
    }

    /// A call comes.
    pub(crate) fn begin(&self, caller: Option<Key>, tracker: Tracker) -> OpenCall {
        OpenCall {
            shared: self.clone(),
            caller,
            tracker: Some(tracker),
            left: None,
            start: clock::now(),
            is_open: true,
        }
    }
}

/// A call that has not ended. It counts as cancelled when it is dropped.
#[derive(Debug)]
pub(crate) struct OpenCall {
    shared: Shared,
    caller: Option<Key>,
    /// Until its request has left: of several attempts the first one counts.
    tracker: Option<Tracker>,
    left: Option<Instant>,
    start: Instant,
    is_open: bool,
}

impl OpenCall {
    /// Takes note of whether its request has left.
    pub(crate) fn look(&mut self) {
        if let Some(Step::Left(at)) = self.tracker.as_ref().and_then(Tracker::step) {
            self.left = Some(at);
            self.tracker = None;
        }
    }

    pub(crate) fn end(&mut self, outcome: Outcome) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        self.look();
        let mut call = FinishedCall::new(outcome).with_duration(clock::now() - self.start);
        if let Some(at) = self.left {
            call = call.with_wait(at.saturating_duration_since(self.start));
        }
        if let Some(caller) = &self.caller {
            call = call.with_caller(caller.as_str());
        }
        self.shared.record(call);
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.end(Outcome::Cancelled);
    }
}
