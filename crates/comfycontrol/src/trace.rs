//! Spans with the field names of the OpenTelemetry conventions for HTTP clients, for tower-http's
//! tracing middleware.
//!
//! One span a call, at level debug. It shows method, host and path, tokens masked; never a query, a header
//! or a body.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use comfycontrol_core::mask_secrets;
use http::{Request, Response, StatusCode};
use tower_http::classify::{
    ClassifiedResponse, ClassifyResponse, NeverClassifyEos, SharedClassifier,
};
use tower_http::trace::{MakeSpan, OnFailure, OnResponse, ResponseBody, Trace, TraceLayer};
use tracing::Span;
use tracing::field::Empty;

use crate::Error;
use crate::request_id::X_REQUEST_ID;

/// tower-http's middleware with our spans.
pub(crate) type Traced<S> = Trace<
    S,
    SharedClassifier<ErrorsAreFailures>,
    CallSpan,
    (),
    RecordStatus,
    (),
    (),
    RecordFailure,
>;

/// The response body of [`Traced`].
pub(crate) type TracedBody<B> = ResponseBody<B, NeverClassifyEos<Failure>, (), (), RecordFailure>;

pub(crate) type Layer = TraceLayer<
    SharedClassifier<ErrorsAreFailures>,
    CallSpan,
    (),
    RecordStatus,
    (),
    (),
    RecordFailure,
>;

pub(crate) fn layer() -> Layer {
    TraceLayer::new(SharedClassifier::new(ErrorsAreFailures))
        .make_span_with(CallSpan)
        .on_request(())
        .on_response(RecordStatus)
        .on_body_chunk(())
        .on_eos(())
        .on_failure(RecordFailure)
}

/// Makes the span of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallSpan;

impl<B> MakeSpan<B> for CallSpan {
    fn make_span(&mut self, req: &Request<B>) -> Span {
        let uri = req.uri();
        tracing::debug_span!(
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
        )
    }
}

/// The id of the call, which stands in its headers by now.
fn id<B>(req: &Request<B>) -> Option<&str> {
    req.headers().get(X_REQUEST_ID)?.to_str().ok()
}

/// Records the status of a response.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecordStatus;

impl<B> OnResponse<B> for RecordStatus {
    fn on_response(self, res: &Response<B>, latency: Duration, span: &Span) {
        span.record("http.response.status_code", res.status().as_u16());
        tracing::debug!(?latency, "response received");
    }
}

/// Takes every response for a success, since failures have become errors further in.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorsAreFailures;

impl ClassifyResponse for ErrorsAreFailures {
    type FailureClass = Failure;
    type ClassifyEos = NeverClassifyEos<Failure>;

    fn classify_response<B>(
        self,
        _: &Response<B>,
    ) -> ClassifiedResponse<Failure, NeverClassifyEos<Failure>> {
        ClassifiedResponse::Ready(Ok(()))
    }

    fn classify_error<E: fmt::Display + 'static>(self, error: &E) -> Failure {
        let error = (error as &dyn Any).downcast_ref::<Error>();
        Failure {
            status: error.and_then(Error::status),
            kind: error.map_or("other", |error| error.kind().name()),
        }
    }
}

/// What is recorded of a failed call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    status: Option<StatusCode>,
    kind: &'static str,
}

/// Records a [`Failure`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RecordFailure;

impl OnFailure<Failure> for RecordFailure {
    fn on_failure(&mut self, failure: Failure, latency: Duration, span: &Span) {
        if let Some(status) = failure.status {
            span.record("http.response.status_code", status.as_u16());
        }
        // Which a conditional request asks for.
        if failure.status == Some(StatusCode::NOT_MODIFIED) {
            return;
        }
        span.record("error.type", failure.kind);
        tracing::debug!(?latency, error = failure.kind, "failed");
    }
}
