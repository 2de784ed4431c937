//! The span of one call, and what is recorded in it.

use comfycontrol_core::mask_secrets;
use http::{HeaderName, Request, StatusCode};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::span::Entered;
use tracing::{Level, Span};

use crate::error::TracedError;

/// The span of a call, and when it began.
#[derive(Debug)]
pub(crate) struct Call {
    span: Span,
    began: Instant,
}

impl Call {
    /// `None` if no subscriber wants to know of it: then no clock is read. Boxed, as it is passed
    /// on with the response.
    #[expect(
        clippy::disallowed_methods,
        reason = "the outermost shell: no decision depends on the latency of a call"
    )]
    pub(crate) fn of<B>(req: &Request<B>) -> Option<Box<Self>> {
        let uri = req.uri();
        let span = tracing::debug_span!(
            "comfycontrol.call",
            otel.kind = "client",
            http.request.method = %req.method(),
            server.address = uri.host(),
            server.port = uri.port_u16(),
            url.path = &*mask_secrets(uri.path()),
            http.request.header.x_request_id = id(req).map(mask_secrets).as_deref(),
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.type = Empty,
        );
        // An event alone may be wanted too.
        let is_wanted = !span.is_disabled() || tracing::enabled!(Level::DEBUG);
        is_wanted.then(|| {
            let began = Instant::now();
            Box::new(Self { span, began })
        })
    }

    pub(crate) fn enter(&self) -> Entered<'_> {
        self.span.enter()
    }

    /// A response has come.
    pub(crate) fn response(&self, status: StatusCode) {
        self.record_status(status);
        tracing::debug!(latency = ?self.began.elapsed(), "response received");
    }

    /// There is an error in place of a response.
    pub(crate) fn error(&self, error: &impl TracedError) {
        if let Some(status) = error.status() {
            self.record_status(status);
        }
        if let Some(kind) = error.error_type() {
            self.failed(kind);
        }
    }

    /// The call has failed, be it in its body.
    pub(crate) fn failed(&self, kind: &'static str) {
        self.span.record("error.type", kind);
        tracing::debug!(latency = ?self.began.elapsed(), error = kind, "failed");
    }

    fn record_status(&self, status: StatusCode) {
        self.span
            .record("http.response.status_code", status.as_u16());
    }
}

/// The id of the call, if a layer further out has put it into the headers.
fn id<B>(req: &Request<B>) -> Option<&str> {
    req.headers().get(X_REQUEST_ID)?.to_str().ok()
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
