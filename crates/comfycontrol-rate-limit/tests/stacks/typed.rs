//! A stack whose errors are an enum: nothing is boxed, nothing is downcast, and the compiler sees
//! that no case is forgotten.

use comfycontrol_rate_limit::{RateLimit, Rejected, RejectedReason};
use comfycontrol_test::{MILLISECOND, Req, Res, RetryOnce, Scripted, request, response};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::retry::{Retry, RetryLayer};
use tower::{Layer, Service, ServiceBuilder};

use super::support::{WINDOW, builder};

#[derive(Debug, PartialEq)]
enum CallFailed {
    Rejected(Rejected),
    Reset,
}

impl From<Rejected> for CallFailed {
    fn from(error: Rejected) -> Self {
        Self::Rejected(error)
    }
}

#[tokio::test(start_paused = true)]
async fn every_error_can_be_matched_without_a_wildcard() {
    let limiter = builder(1).max_queued(0).build();
    let mut api: RateLimit<Api> = limiter.layer().layer(Api::new([Err(CallFailed::Reset)]));
    let mut told = Vec::new();
    for _ in 0..2 {
        match assert_ready_err!(task::spawn(api.call(request())).poll()) {
            CallFailed::Reset => told.push("reset"),
            CallFailed::Rejected(error) => {
                assert_eq!(error.reason(), RejectedReason::QueueFull);
                told.push("not admitted");
            }
        }
    }
    assert_eq!(told, ["reset", "not admitted"]);
    assert_eq!(api.get_ref().unsent(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_below_arrives_as_it_was_and_its_slot_lingers() {
    let limiter = builder(2).build();
    let mut api = limiter
        .layer()
        .layer(Api::new([Err(CallFailed::Reset), Ok(response(200, ""))]));
    let error = assert_ready_err!(task::spawn(api.call(request())).poll());
    assert_eq!(error, CallFailed::Reset);
    assert_eq!(
        assert_ready_ok!(task::spawn(api.call(request())).poll()).status(),
        200
    );
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.lost()), (0, 1));
    time::advance(WINDOW + MILLISECOND).await;
    assert_eq!(
        limiter.snapshot().free(),
        1,
        "the lost one may still arrive"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_policy_outside_decides_by_the_enum_and_each_attempt_pays() {
    let limiter = builder(2).build();
    let mut api: Retry<OnceMore, RateLimit<Api>> = ServiceBuilder::new()
        .layer(RetryLayer::new(OnceMore::new(was_reset)))
        .layer(limiter.layer())
        .service(Api::new([
            Err(CallFailed::Reset),
            Ok(response(204, "")),
            Ok(response(200, "")),
        ]));
    let mut first = task::spawn(api.call(request()));
    assert_eq!(assert_ready_ok!(first.poll()).status(), 204);
    assert_eq!(limiter.snapshot().granted(), 2);
    let mut second = task::spawn(api.call(request()));
    assert_pending!(second.poll());
    assert_eq!(limiter.snapshot().queued(), 1);
}

#[test]
fn the_type_of_the_stack_can_be_written_down_and_kept_in_a_struct() {
    #[derive(Clone)]
    struct Program {
        _api: Retry<OnceMore, RateLimit<Api>>,
    }
    fn is_state<T: Clone + Send + Sync + 'static>() {}
    fn has_errors<S: Service<Req, Response = Res, Error = CallFailed, Future: Send>>() {}
    is_state::<Program>();
    has_errors::<RateLimit<Api>>();
    has_errors::<Retry<OnceMore, RateLimit<Api>>>();
}

// === support ===

type Api = Scripted<CallFailed>;
type OnceMore = RetryOnce<CallFailed>;

/// What the limiter holds back is not sent again.
fn was_reset(outcome: &Result<Res, CallFailed>) -> bool {
    matches!(outcome, Err(CallFailed::Reset))
}
