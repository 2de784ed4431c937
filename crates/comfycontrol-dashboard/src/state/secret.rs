use comfycontrol_core::Escaped;
use comfycontrol_token::Snapshot;
use serde::Serialize;

use super::time::calendar;

/// The token, by all but itself.
#[derive(Debug, Serialize)]
pub(crate) struct Secret {
    source: String,
    /// How many there have been; 0 before the first.
    generation: u64,
    fingerprint: Option<String>,
    /// By the calendar.
    expires_at: Option<u64>,
    is_unauthorized: bool,
    error: Option<String>,
}

impl Secret {
    pub(crate) fn of(seen: &Snapshot) -> Self {
        let shown = |text: &str| Escaped::single_spaced(text, 200).into_string();
        Self {
            source: shown(seen.source()),
            generation: seen.generation(),
            fingerprint: seen.fingerprint().map(|it| it.to_string()),
            expires_at: seen.expires_at().map(calendar),
            is_unauthorized: seen.is_unauthorized(),
            error: seen.error().map(|error| shown(&error.to_string())),
        }
    }
}
