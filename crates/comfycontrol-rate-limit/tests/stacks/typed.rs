//! A stack whose errors are an enum: nothing is boxed, nothing is downcast, and the compiler sees
//! that no case is forgotten.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use comfycontrol_rate_limit::{NotAdmitted, NotAdmittedReason, RateLimit};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::retry::{Policy, Retry, RetryLayer};
use tower::{Layer, Service, ServiceBuilder};

use super::support::{MILLISECOND, Req, Res, WINDOW, builder, reply, request};

#[derive(Debug, PartialEq)]
enum CallFailed {
    NotAdmitted(NotAdmitted),
    Reset,
}

impl From<NotAdmitted> for CallFailed {
    fn from(error: NotAdmitted) -> Self {
        Self::NotAdmitted(error)
    }
}

#[tokio::test(start_paused = true)]
async fn every_error_can_be_matched_without_a_wildcard() {
    let limiter = builder(1).max_queued(0).build();
    let mut api: RateLimit<Api> = limiter
        .layer()
        .layer(Api::answering([Err(CallFailed::Reset)]));
    let mut told = Vec::new();
    for _ in 0..2 {
        match assert_ready_err!(task::spawn(api.call(request())).poll()) {
            CallFailed::Reset => told.push("reset"),
            CallFailed::NotAdmitted(error) => {
                assert_eq!(error.reason(), NotAdmittedReason::QueueFull);
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
        .layer(Api::answering([Err(CallFailed::Reset), Ok(200)]));
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
        .layer(RetryLayer::new(OnceMore(true)))
        .layer(limiter.layer())
        .service(Api::answering([Err(CallFailed::Reset), Ok(204), Ok(200)]));
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

/// Gives its answers in turn.
#[derive(Clone, Debug)]
struct Api(Arc<Mutex<Vec<Result<u16, CallFailed>>>>);

impl Api {
    fn answering(answers: impl IntoIterator<Item = Result<u16, CallFailed>>) -> Self {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        Self(Arc::new(Mutex::new(answers)))
    }

    fn unsent(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Service<Req> for Api {
    type Response = Res;
    type Error = CallFailed;
    type Future = Ready<Result<Res, CallFailed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallFailed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Req) -> Self::Future {
        let answer = self.0.lock().unwrap().pop();
        ready(
            answer
                .expect("one call more than answers")
                .map(|status| reply(status, "")),
        )
    }
}

/// Sends once more what was reset, and never what was not admitted.
#[derive(Clone)]
struct OnceMore(bool);

impl Policy<Req, Res, CallFailed> for OnceMore {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, CallFailed>) -> Option<Ready<()>> {
        let retries = match result {
            Err(CallFailed::Reset) => std::mem::take(&mut self.0),
            Err(CallFailed::NotAdmitted(_)) | Ok(_) => false,
        };
        retries.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}
