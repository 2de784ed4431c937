use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tracing::Level;

/// The tracing of tower-http at its most talkative: at the finest level, and with headers.
pub fn tracer() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    let span = DefaultMakeSpan::new()
        .level(Level::TRACE)
        .include_headers(true);
    TraceLayer::new_for_http().make_span_with(span)
}
