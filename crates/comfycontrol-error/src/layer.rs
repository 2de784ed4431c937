use std::time::Duration;

use http::StatusCode;
use tower_layer::Layer;

use crate::DecodeError;

/// Applies [`DecodeError`] to a service.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DecodeErrorLayer {
    settings: Settings,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) body_timeout: Duration,
    pub(crate) max_body: usize,
    pub(crate) success: fn(StatusCode) -> bool,
}

impl DecodeErrorLayer {
    /// Creates a layer that takes every status but 2xx for an error.
    ///
    /// Redirects are errors too: who follows them does so beneath this layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps at most `bytes` of an error's body; 64 KiB unless set.
    ///
    /// Counts what reaches this layer: with a decompression layer inside, decoded bytes.
    /// The body is read no further than that.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.settings.max_body = bytes;
        self
    }

    /// Waits at most `limit`, in all, for an error's body; 5 s unless set.
    ///
    /// Counts from the moment the body keeps its reader waiting for the first time.
    /// When it has passed, what has come is decoded.
    pub fn body_timeout(mut self, limit: Duration) -> Self {
        self.settings.body_timeout = limit;
        self
    }

    /// Lets replies through untouched whose status `is_success`; 2xx unless set.
    ///
    /// ```
    /// use comfycontrol_error::DecodeErrorLayer;
    /// use http::StatusCode;
    ///
    /// // For a caller that makes conditional requests.
    /// let layer = DecodeErrorLayer::new()
    ///     .success(|status| status.is_success() || status == StatusCode::NOT_MODIFIED);
    /// # let _ = layer;
    /// ```
    pub fn success(mut self, is_success: fn(StatusCode) -> bool) -> Self {
        self.settings.success = is_success;
        self
    }
}

impl<S> Layer<S> for DecodeErrorLayer {
    type Service = DecodeError<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DecodeError::new(inner, self.settings)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_timeout: Duration::from_secs(5),
            max_body: 64 * 1024,
            success: |status| status.is_success(),
        }
    }
}
