use std::time::Duration;

use http::StatusCode;
use tower_layer::Layer;

use crate::ErrorDecoder;
use crate::settings::Settings;

/// Applies [`ErrorDecoder`] to a service: unsuccessful responses become
/// [`ApiError`](crate::ApiError)s.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ErrorDecoderLayer {
    settings: Settings,
}

impl ErrorDecoderLayer {
    /// Creates a layer that takes every status but 2xx for an error.
    ///
    /// Redirects are errors too: what follows them stands inside this layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many bytes of an error's body are read and kept at most;
    /// [64 KiB](crate::DEFAULT_MAX_ERROR_BODY) unless set.
    ///
    /// Counts what reaches this layer: with a decompression layer inside, decoded bytes.
    pub fn max_error_body(mut self, bytes: usize) -> Self {
        self.settings.max_error_body = bytes;
        self
    }

    /// Sets how long an error's body is waited for, in all;
    /// [5 s](crate::DEFAULT_ERROR_BODY_TIMEOUT) unless set.
    ///
    /// Counts from the moment the body keeps its reader waiting for the first time.
    /// When it has passed, what has come is decoded.
    pub fn error_body_timeout(mut self, limit: Duration) -> Self {
        self.settings.error_body_timeout = limit;
        self
    }

    /// Sets which statuses are successes and pass through untouched; 2xx unless set.
    ///
    /// ```
    /// use comfycontrol_error::ErrorDecoderLayer;
    /// use http::StatusCode;
    ///
    /// // For a caller that makes conditional requests.
    /// let layer = ErrorDecoderLayer::new()
    ///     .success_if(|status| status.is_success() || status == StatusCode::NOT_MODIFIED);
    /// # let _ = layer;
    /// ```
    pub fn success_if(mut self, is_success: fn(StatusCode) -> bool) -> Self {
        self.settings.is_success = is_success;
        self
    }
}

impl<S> Layer<S> for ErrorDecoderLayer {
    type Service = ErrorDecoder<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ErrorDecoder::new(inner, self.settings)
    }
}
