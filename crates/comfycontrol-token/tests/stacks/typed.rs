//! A stack whose errors are an enum: nothing is boxed, nothing is downcast, and the compiler sees
//! that no case is forgotten.

use comfycontrol_test::{Req, Res, Responding, RetryOnce, Scripted, get, responding, response};
use comfycontrol_token::{AddToken, TokenReplaced, TokenWithheld, WithheldReason};
use http::header::AUTHORIZATION;
use tokio_test::{assert_ready_err, assert_ready_ok, task};
use tower::retry::{Retry, RetryLayer};
use tower::{Layer, Service, ServiceBuilder};

use super::support::{handle, layer, token};

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
    let mut api: AddToken<Api> = layer(token(1)).layer(Api::new([Err(CallFailed::Reset)]));
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
    // The server revokes the first token, and its owner has put the next one in.
    let (server, heads) = responding(move |n| match n {
        0 => {
            next.rotate(token(2));
            Ok(response(401, ""))
        }
        _ => Ok(response(200, "")),
    });
    let mut api: Retry<OnceMore, AddToken<Responding<_>>> = ServiceBuilder::new()
        .layer(RetryLayer::new(OnceMore::new(has_a_new_token)))
        .layer(layer(handle))
        .service(server);
    let mut call = task::spawn(api.call(get("https://api.example/")));
    assert_eq!(assert_ready_ok!(call.poll()).status(), 200);
    let heads = heads.all();
    let sent: Vec<_> = heads.iter().map(|it| &it.headers[AUTHORIZATION]).collect();
    assert_eq!(sent, ["Bearer cfc_canary1", "Bearer cfc_canary2"]);
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

type Api = Scripted<CallFailed>;
type OnceMore = RetryOnce<CallFailed>;

fn has_a_new_token(outcome: &Result<Res, CallFailed>) -> bool {
    let response = outcome.as_ref().ok();
    response.is_some_and(|response| response.extensions().get::<TokenReplaced>().is_some())
}
