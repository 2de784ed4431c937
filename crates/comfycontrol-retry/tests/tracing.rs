//! How often a request was sent again stands in the span of its call.

use std::sync::atomic::{AtomicU32, Ordering};

use comfycontrol_retry::{Failure, FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_test::Log;
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Instrument, field, info, info_span};

#[tokio::test(start_paused = true)]
async fn the_span_of_a_call_counts_what_is_sent_again_for_whatever_reason() {
    let log = Log::default();
    let _guard = log.capture();
    for (failures, counted) in [
        (&[][..], None),
        (&[FailureKind::Permanent], None),
        (&[FailureKind::NeverApplied], Some(1)),
        (&[FailureKind::Throttled, FailureKind::Throttled], Some(2)),
        (
            &[
                FailureKind::TokenReplaced,
                FailureKind::Throttled,
                FailureKind::NeverApplied,
                FailureKind::Throttled,
            ],
            Some(4),
        ),
    ] {
        let line = call(&log, failures).await;
        // Each send counts once more; the last count is the one that holds.
        let last = line.rsplit_once("http.request.resend_count=");
        let last = last.map(|(_, count)| count[..1].parse().unwrap());
        assert_eq!(last, counted, "{line}");
    }
}

// === support ===

/// What is logged in the span of a call after it.
async fn call(log: &Log, failures: &'static [FailureKind]) -> String {
    let sent = AtomicU32::new(0);
    let inner = service_fn(|_: Request<()>| {
        let n = sent.fetch_add(1, Ordering::Relaxed);
        let failed = failures.get(n as usize).copied();
        async move { failed.map_or(Ok(Response::new(String::new())), |class| Err(Failed(class))) }
    });
    let service = RetryLayer::new(RetryPolicy::new()).layer(inner);
    let span = info_span!("call", http.request.resend_count = field::Empty);
    let call = async {
        let _ = service.oneshot(Request::new(())).await;
        info!("the call is over");
    };
    call.instrument(span).await;
    log.text().lines().last().unwrap().to_owned()
}

#[derive(Debug)]
struct Failed(FailureKind);

impl Failure for Failed {
    fn failure_kind(&self) -> FailureKind {
        self.0
    }
}
