use std::fmt;

use crate::finished_call::FinishedCall;
use crate::record::RecordLayer;
use crate::shared::Shared;

/// Counts calls by how they ended: the last ten minutes by the second, and in all, with histograms
/// of waits and durations.
///
/// It has one size, less than 40 KiB, however many calls there are: 600 seconds, 15 buckets a
/// histogram, and the 64 callers that were heard of last, each by the first 48 characters of its
/// name. Clones are handles to one.
///
/// A [layer](Self::layer) tells it of calls, or you [do](Self::record).
#[derive(Clone)]
pub struct Recorder {
    shared: Shared,
}

impl Recorder {
    /// Creates a recorder that has seen no call.
    pub fn new() -> Self {
        Self {
            shared: Shared::new(),
        }
    }

    /// Creates a layer that records each call of its services.
    pub fn layer(&self) -> RecordLayer {
        RecordLayer::new(self.shared.clone())
    }

    /// Counts a call that has ended now.
    pub fn record(&self, call: FinishedCall<'_>) {
        self.shared.record(call);
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}
