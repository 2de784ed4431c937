//! What a command leaves behind on the server when it ends early.

use std::sync::{Arc, Mutex, PoisonError};

/// The last that is known, shared with what tells of progress.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left(Arc<Mutex<Option<String>>>);

impl Left {
    pub(crate) fn is(&self, what: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    pub(crate) fn tell(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
