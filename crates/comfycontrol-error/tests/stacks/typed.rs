//! A stack whose errors are an enum: nothing is boxed, nothing is downcast, and the compiler sees
//! that no case is forgotten.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use comfycontrol_error::{ApiError, ApiErrorKind, DecodeError, DecodeErrorLayer};
use http::Method;
use tokio_test::{assert_ready_err, assert_ready_ok, task};
use tower::retry::{Policy, Retry, RetryLayer};
use tower::{Layer, Service, ServiceBuilder};

use super::support::{Req, Res, reply, request};

#[derive(Debug)]
enum CallFailed {
    Api(ApiError),
    Reset,
}

impl From<ApiError> for CallFailed {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

#[test]
fn every_error_can_be_matched_without_a_wildcard() {
    let answers = [
        None,
        Some((401, r#"{"status":401,"message":"Token has expired"}"#)),
    ];
    let mut api: DecodeError<Api> = DecodeErrorLayer::new().layer(Api::answering(answers));
    let mut told = Vec::new();
    for _ in 0..2 {
        match assert_ready_err!(task::spawn(api.call(request())).poll()) {
            CallFailed::Reset => told.push("reset".to_owned()),
            CallFailed::Api(error) => {
                assert_eq!(error.kind(), ApiErrorKind::TokenExpired);
                told.push(error.to_string());
            }
        }
    }
    assert_eq!(told, ["reset", "401 Unauthorized: Token has expired"]);
}

#[test]
fn a_retry_policy_outside_decides_by_the_decoded_error() {
    let answers = [
        Some((503, "error code: 1200")),
        Some((404, "")),
        Some((503, "")),
        Some((200, "")),
    ];
    let api = Api::answering(answers);
    let mut stack: Retry<OnceMore, DecodeError<Api>> = ServiceBuilder::new()
        .layer(RetryLayer::new(OnceMore(true)))
        .layer(DecodeErrorLayer::new())
        .service(api.clone());
    let error = assert_ready_err!(task::spawn(stack.call(request())).poll());
    assert!(matches!(error, CallFailed::Api(error) if error.status() == 404));
    assert_eq!(api.unsent(), 2, "the 503 was sent again, and the 404 not");
    let mut call = task::spawn(stack.call(request()));
    assert_eq!(assert_ready_ok!(call.poll()).status(), 200);
}

#[test]
fn the_type_of_the_stack_can_be_written_down_and_kept_in_a_struct() {
    #[derive(Clone)]
    struct Program {
        _api: Retry<OnceMore, DecodeError<Api>>,
    }
    fn is_state<T: Clone + Send + Sync + 'static>() {}
    fn has_errors<S: Service<Req, Response = Res, Error = CallFailed, Future: Send>>() {}
    is_state::<Program>();
    has_errors::<DecodeError<Api>>();
    has_errors::<Retry<OnceMore, DecodeError<Api>>>();
}

// === support ===

/// A status and a body, or a reset.
type Answer = Option<(u16, &'static str)>;

/// Gives its answers in turn.
#[derive(Clone, Debug)]
struct Api(Arc<Mutex<Vec<Answer>>>);

impl Api {
    fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
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
        let answer = answer.expect("one call more than answers");
        ready(
            answer
                .map(|(status, body)| reply(status, body))
                .ok_or(CallFailed::Reset),
        )
    }
}

#[derive(Clone)]
struct OnceMore(bool);

impl Policy<Req, Res, CallFailed> for OnceMore {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, CallFailed>) -> Option<Ready<()>> {
        let retries = match result {
            Err(CallFailed::Api(error)) => error.retry_class().allows(&Method::GET),
            Err(CallFailed::Reset) => true,
            Ok(_) => false,
        };
        (retries && std::mem::take(&mut self.0)).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}
