//! What of a request is kept with its response.

use std::sync::Arc;

use comfycontrol_retry::{FailureKind, RetryLayer, RetryPolicy};
use http::{Method, Request, Response};
use http_body::Body;
use tower::{Layer, ServiceExt, service_fn};

use crate::script::{get, with};
use crate::server::{Failed, Piece, Server, ok};

#[tokio::test(start_paused = true)]
async fn a_request_is_kept_while_its_response_body_may_be_asked_for_again() {
    let policy = || RetryPolicy::new().max_retries(1);
    let failed = |n| match n {
        0 => Err(Failed(FailureKind::NeverApplied)),
        _ => ok([Piece::Data("x")]),
    };
    for (method, policy, respond, is_kept) in [
        (Method::GET, policy(), None, true),
        (Method::PUT, policy(), None, true),
        // What it may have done must not be done twice.
        (Method::POST, policy(), None, false),
        (Method::GET, RetryPolicy::none(), None, false),
        // The one retry is used up.
        (Method::GET, policy(), Some(failed), false),
    ] {
        let server = match respond {
            Some(respond) => Server::new(respond),
            None => Server::new(|_| ok([Piece::Data("x")])),
        };
        let shown = format!("{method} {policy:?}");
        let mut request = with(method);
        let mark = Arc::new(());
        request.extensions_mut().insert(Arc::clone(&mark));
        let service = RetryLayer::new(policy).layer(server.clone());
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(Arc::strong_count(&mark) > 1, is_kept, "{shown}");
        drop(response);
        assert_eq!(Arc::strong_count(&mark), 1, "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_has_ended_says_so() {
    for (text, has_ended) in [("", true), ("x", false)] {
        let inner =
            service_fn(async |_: Request<()>| Ok::<_, Failed>(Response::new(text.to_owned())));
        let service = RetryLayer::new(RetryPolicy::new()).layer(inner);
        let response = service.oneshot(get()).await.unwrap();
        assert_eq!(response.body().is_end_stream(), has_ended, "{text}");
    }
}
