//! A stack whose errors are an enum: nothing is boxed, nothing is downcast, and the compiler sees
//! that no case is forgotten.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use comfycontrol_token::{AddToken, TokenReplaced, TokenWithheld, WithheldReason};
use http::header::AUTHORIZATION;
use tokio_test::{assert_ready_err, assert_ready_ok, task};
use tower::retry::{Policy, Retry, RetryLayer};
use tower::{Layer, Service, ServiceBuilder};

use super::support::{Req, Res, get, handle, layer, reply, token};

#[derive(Debug, PartialEq)]
enum CallFailed {
    Reset,
    TokenWithheld(TokenWithheld),
}

impl From<TokenWithheld> for CallFailed {
    fn from(error: TokenWithheld) -> Self {
        Self::TokenWithheld(error)
    }
}

#[test]
fn every_error_can_be_matched_without_a_wildcard() {
    let mut api: AddToken<Api> = layer(token(1)).layer(Api::Resets);
    let mut told = Vec::new();
    for uri in ["https://api.example/", "/v1/user"] {
        match assert_ready_err!(task::spawn(api.call(get(uri))).poll()) {
            CallFailed::Reset => told.push("reset"),
            CallFailed::TokenWithheld(error) => {
                assert_eq!(error.reason(), WithheldReason::UriNotAbsolute);
                told.push("withheld");
            }
        }
    }
    assert_eq!(told, ["reset", "withheld"]);
}

#[test]
fn a_retry_policy_outside_sends_once_more_with_the_next_token() {
    let handle = handle();
    let next = handle.clone();
    let rotate = move |request: &Req| {
        // The server revokes the first token, and its owner has put the next one in.
        let refused = request.headers()[AUTHORIZATION] == "Bearer cfc_canary1";
        if refused {
            next.rotate(token(2));
        }
        if refused { 401 } else { 200 }
    };
    let mut api: Retry<OnceMore, AddToken<Answers<_>>> = ServiceBuilder::new()
        .layer(RetryLayer::new(OnceMore))
        .layer(layer(handle))
        .service(Answers(rotate));
    let mut call = task::spawn(api.call(get("https://api.example/")));
    assert_eq!(assert_ready_ok!(call.poll()).status(), 200);
}

#[test]
fn the_type_of_the_stack_can_be_written_down_and_kept_in_a_struct() {
    #[derive(Clone)]
    struct Program {
        _api: Retry<OnceMore, AddToken<Api>>,
    }
    fn is_state<T: Clone + Send + Sync + 'static>() {}
    fn has_errors<S: Service<Req, Response = Res, Error = CallFailed, Future: Send>>() {}
    is_state::<Program>();
    has_errors::<AddToken<Api>>();
    has_errors::<Retry<OnceMore, AddToken<Api>>>();
}

// === support ===

#[derive(Clone, Debug)]
enum Api {
    Resets,
}

impl Service<Req> for Api {
    type Response = Res;
    type Error = CallFailed;
    type Future = Ready<Result<Res, CallFailed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallFailed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Req) -> Self::Future {
        let Self::Resets = self;
        ready(Err(CallFailed::Reset))
    }
}

/// Answers each request with the status it is told.
#[derive(Clone)]
struct Answers<F>(F);

impl<F: Fn(&Req) -> u16> Service<Req> for Answers<F> {
    type Response = Res;
    type Error = CallFailed;
    type Future = Ready<Result<Res, CallFailed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallFailed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        ready(Ok(reply((self.0)(&request), "")))
    }
}

#[derive(Clone)]
struct OnceMore;

impl Policy<Req, Res, CallFailed> for OnceMore {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, CallFailed>) -> Option<Ready<()>> {
        let response = result.as_ref().ok()?;
        let replaced = response.extensions().get::<TokenReplaced>().is_some();
        replaced.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}
