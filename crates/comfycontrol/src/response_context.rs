//! The call that a response or an error belongs to.

use std::fmt;

use comfycontrol_core::mask_secrets;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode};

use crate::Error;

/// The call that a response belongs to: its method, path, status and id.
///
/// Code that reads a body itself names the call in its errors with it.
#[derive(Clone)]
pub struct ResponseContext {
    method: Method,
    path: Option<PathAndQuery>,
    status: StatusCode,
    request_id: Option<HeaderValue>,
}

impl ResponseContext {
    pub(crate) fn new(
        method: Method,
        path: Option<PathAndQuery>,
        status: StatusCode,
        request_id: Option<HeaderValue>,
    ) -> Self {
        Self {
            method,
            path,
            status,
            request_id,
        }
    }

    /// The status of the response, always a success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn path(&self) -> &str {
        self.path.as_ref().map_or("", PathAndQuery::path)
    }

    pub(crate) fn is_to_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// An error of this response, which names the call.
    pub fn error(&self, error: impl Into<Error>) -> Error {
        error
            .into()
            .with_request_id(self.request_id.clone())
            .with_call(&self.method, self.path())
    }
}

impl fmt::Debug for ResponseContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query may be a secret.
        f.debug_struct("ResponseContext")
            .field("method", &self.method)
            .field("path", &mask_secrets(self.path()))
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
