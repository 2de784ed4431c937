use std::time::Duration;

use http::StatusCode;

/// How much of an error's body is kept unless set otherwise: 64 KiB.
pub const DEFAULT_MAX_ERROR_BODY: usize = 64 * 1024;

/// How long an error's body is waited for unless set otherwise: 5 s.
pub const DEFAULT_ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) error_body_timeout: Duration,
    pub(crate) is_success: fn(StatusCode) -> bool,
    pub(crate) max_error_body: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            error_body_timeout: DEFAULT_ERROR_BODY_TIMEOUT,
            is_success: |status| status.is_success(),
            max_error_body: DEFAULT_MAX_ERROR_BODY,
        }
    }
}
