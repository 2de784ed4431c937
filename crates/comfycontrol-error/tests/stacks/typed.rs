//! A stack whose errors are an enum: nothing is boxed, nothing is downcast, and the compiler sees
//! that no case is forgotten.

use comfycontrol_error::{ApiError, ApiErrorKind, ErrorDecoder, ErrorDecoderLayer};
use comfycontrol_test::{Req, Res, RetryOnce, Scripted, request, response};
use http::Method;
use tokio_test::{assert_ready_err, assert_ready_ok, task};
use tower::retry::{Retry, RetryLayer};
use tower::{Layer, Service, ServiceBuilder};

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
    let expired = response(401, r#"{"status":401,"message":"Token has expired"}"#);
    let inner = Api::new([Err(CallFailed::Reset), Ok(expired)]);
    let mut api: ErrorDecoder<Api> = ErrorDecoderLayer::new().layer(inner);
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
    let api = Api::new([
        Ok(response(503, "error code: 1200")),
        Ok(response(404, "")),
        Ok(response(503, "")),
        Ok(response(200, "")),
    ]);
    let mut stack: Retry<OnceMore, ErrorDecoder<Api>> = ServiceBuilder::new()
        .layer(RetryLayer::new(OnceMore::new(may_be_sent_again)))
        .layer(ErrorDecoderLayer::new())
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
        _api: Retry<OnceMore, ErrorDecoder<Api>>,
    }
    fn is_state<T: Clone + Send + Sync + 'static>() {}
    fn has_errors<S: Service<Req, Response = Res, Error = CallFailed, Future: Send>>() {}
    is_state::<Program>();
    has_errors::<ErrorDecoder<Api>>();
    has_errors::<Retry<OnceMore, ErrorDecoder<Api>>>();
}

// === support ===

type Api = Scripted<CallFailed>;
type OnceMore = RetryOnce<CallFailed>;

fn may_be_sent_again(outcome: &Result<Res, CallFailed>) -> bool {
    match outcome {
        Err(CallFailed::Api(error)) => error.retry_class().allows(&Method::GET),
        Err(CallFailed::Reset) => true,
        Ok(_) => false,
    }
}
