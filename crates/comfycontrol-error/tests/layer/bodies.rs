//! Bodies that break off, are not there, or are dropped.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use comfycontrol_error::{ApiErrorKind, ErrorDecoderLayer};
use http::Method;
use http_body_util::Empty;
use tokio_test::{assert_ready_err, task};
use tower::{Layer, Service};

use crate::support::{Reset, Script, Step, api_error, canned, data, get, layered, trailers};

#[test]
fn a_reset_in_the_body_leaves_what_had_come() {
    let body = Script::new([data(r#"{"message":"Token has expired","x":"#), Step::Fail]);
    let mut call = task::spawn(layered(401, body).call(get()));
    let error = api_error(assert_ready_err!(call.poll()));
    assert_eq!(error.kind(), ApiErrorKind::TokenExpired);
    assert!(!error.body_error().unwrap().is_timeout());

    // Each link of the chain says its own part, and none says another's.
    assert_eq!(error.to_string(), "401 Unauthorized: Token has expired");
    let broken = error.source().unwrap();
    assert_eq!(broken.to_string(), "error body broke off");
    let reset = broken.source().unwrap();
    assert_eq!(reset.to_string(), "connection reset");
    assert!(reset.is::<Reset>());
}

#[test]
fn a_response_without_body_is_not_waited_for() {
    // These bodies never end, as if a length had been believed.
    let endless = || Script::new([Step::Wait, Step::Wait]);
    let mut head = get();
    *head.method_mut() = Method::HEAD;
    let mut call = task::spawn(layered(404, endless()).call(head));
    assert_eq!(api_error(assert_ready_err!(call.poll())).status(), 404);

    let layer = ErrorDecoderLayer::new().success_if(|_| false);
    for status in [204, 205, 304] {
        let mut service = layer.layer(canned(status, endless()));
        let mut call = task::spawn(service.call(get()));
        assert_eq!(api_error(assert_ready_err!(call.poll())).status(), status);
    }

    // And one that says itself that it has ended.
    let mut call = task::spawn(layered(404, Empty::<Bytes>::new()).call(get()));
    assert_eq!(
        api_error(assert_ready_err!(call.poll())).to_string(),
        "404 Not Found"
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_at_any_poll_drops_all_of_it() {
    let steps = || {
        [
            Step::Wait,
            data("a"),
            Step::Wait,
            trailers(),
            Step::Wait,
            data("b"),
        ]
    };
    let mut most = 0;
    for polls in 0.. {
        let body = Script::new(steps());
        let body_is_alive = Arc::downgrade(&body.unread);
        let mut service = layered(500, body);
        let mut call = task::spawn(service.call(get()));
        let done = (0..polls).any(|_| call.poll().is_ready());
        drop((call, service));
        assert!(body_is_alive.upgrade().is_none(), "after {polls} polls");
        if done {
            most = polls;
            break;
        }
    }
    assert_eq!(most, 4);
}
