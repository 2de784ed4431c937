//! Whether the server may have done what a call asked for.

use std::io;

use comfycontrol::{Applied, Body, Error, Sent};
use http::Response;
use serde_json::Value;

use super::support::{Outcome, builder, client_of, status};

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_may_have_done_is_not_forgotten() {
    for (first, last, applied) in [
        (Some(503), Some(404), Applied::Maybe),
        (None, Some(404), Applied::Maybe),
        (Some(429), Some(404), Applied::No),
        (Some(429), Some(503), Applied::Maybe),
        (Some(503), Some(429), Applied::Maybe),
    ] {
        let (client, _) = client_of(move |n| respond(if n == 0 { first } else { last }));
        let failed = client.put("/x").send().await.unwrap_err();
        assert_eq!(failed.applied(), applied, "{first:?} {last:?}");
        assert_eq!(failed.sent(), Sent::Yes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_that_cannot_be_read_was_done() {
    let (client, _) = client_of(|_| Ok(Response::new(Body::from("<html>"))));
    let response = client.post("/x").send().await.unwrap();
    let unread = response.json::<Value>().await.unwrap_err();
    let response = client.post("/x").send().await.unwrap();
    let large = response.with_max_body(1).bytes().await.unwrap_err();
    for failed in [unread, large] {
        assert_eq!((failed.sent(), failed.applied()), (Sent::Yes, Applied::Yes));
    }
}

#[test]
fn what_cannot_be_used_was_done_if_its_status_says_so() {
    for (status, applied) in [(201, Applied::Yes), (404, Applied::Maybe)] {
        let unusable = Error::unusable(status.try_into().unwrap(), "unusable");
        assert_eq!((unusable.sent(), unusable.applied()), (Sent::Yes, applied));
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_left_was_not_done() {
    let invalid = builder().base_url("none").build().unwrap_err();
    assert_eq!((invalid.sent(), invalid.applied()), (Sent::No, Applied::No));
}

#[tokio::test(start_paused = true)]
async fn main_that_ends_with_an_error_prints_its_line() {
    let invalid = builder().base_url("none").build().unwrap_err();
    let (client, _) = client_of(|_| respond(None));
    let lost = client.post("/x?secret=1").send().await.unwrap_err();
    for failed in [invalid, lost] {
        assert_eq!(format!("{failed:?}"), format!("{failed:#}"));
        assert_eq!(format!("{failed:#?}"), format!("{failed:#}"));
    }
}

// === support ===

/// With this status, or not at all.
fn respond(code: Option<u16>) -> Outcome {
    let lost = || Error::transport(io::Error::from(io::ErrorKind::ConnectionReset));
    code.map_or_else(|| Err(lost()), status)
}
