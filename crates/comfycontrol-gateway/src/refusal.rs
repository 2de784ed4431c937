//! What the gateway itself says no to, in the words of the API: `{"status":…,"message":…}`.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    is_unheard: bool,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            headers: Vec::new(),
            is_unheard: false,
        }
    }

    /// Not now: come back after so long.
    pub(crate) fn unavailable(message: impl Into<String>, wait: Duration) -> Self {
        let mut refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, message);
        refusal.headers.push((RETRY_AFTER, seconds(wait).into()));
        refusal
    }

    /// Who calls has not shown a key of its own (RFC 6750 §3); a browser `may_ask` its user for one
    /// (RFC 7617 §2).
    pub(crate) fn unauthorized(message: &'static str, may_ask: bool) -> Self {
        let refusal = Self::new(StatusCode::UNAUTHORIZED, message);
        let refusal = refusal.with(WWW_AUTHENTICATE, "Bearer realm=\"comfycontrol-gateway\"");
        if may_ask {
            refusal.with(WWW_AUTHENTICATE, "Basic realm=\"comfycontrol-gateway\"")
        } else {
            refusal
        }
    }

    /// Who called has gone before it was said.
    pub(crate) fn unheard(mut self) -> Self {
        self.is_unheard = true;
        self
    }

    pub(crate) fn is_unheard(&self) -> bool {
        self.is_unheard
    }

    pub(crate) fn with_allow(self, methods: &'static str) -> Self {
        self.with(ALLOW, methods)
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        let body = json!({ "status": self.status.as_u16(), "message": self.message });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

/// Whole seconds, rounded up and never none: who comes back then is not too early.
pub(crate) fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_json_that_says_when_to_come_back() {
        let refusal = Refusal::unavailable("too many \"calls\"", Duration::from_millis(2_001));
        let response = refusal.into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "3");
        assert_eq!(
            response.body(),
            r#"{"message":"too many \"calls\"","status":503}"#
        );
        assert_eq!(seconds(Duration::ZERO), 1);
    }
}
