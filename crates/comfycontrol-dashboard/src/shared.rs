//! The records behind one short lock.

use std::sync::Arc;

use comfycontrol_priority::Key;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::clock;
use crate::departure::Departure;
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
    pub(crate) fn begin(&self, caller: Option<Key>, departure: Departure) -> OpenCall {
        OpenCall {
            shared: self.clone(),
            caller,
            departure,
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
    departure: Departure,
    start: Instant,
    is_open: bool,
}

impl OpenCall {
    pub(crate) fn end(&mut self, outcome: Outcome) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let mut call = FinishedCall::new(outcome).with_duration(clock::now() - self.start);
        if let Some(at) = self.departure.at() {
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
