//! What the span of a call is told of a failure.

use comfycontrol_trace::TracedError;
use http::StatusCode;

use super::Error;

impl TracedError for Error {
    fn error_type(&self) -> Option<&'static str> {
        // A conditional request asks for this one.
        (self.status() != Some(StatusCode::NOT_MODIFIED)).then(|| self.kind().name())
    }

    fn status(&self) -> Option<StatusCode> {
        Self::status(self)
    }
}
