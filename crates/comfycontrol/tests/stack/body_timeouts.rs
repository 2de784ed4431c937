//! Time: for the body of a response.

use std::io;
use std::time::Duration;

use comfycontrol::{Body, Timeouts};
use comfycontrol_test::now;
use futures_util::stream;
use http::{Response, StatusCode};
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};

use super::support::client_of;

#[tokio::test(start_paused = true)]
async fn a_stalled_body_ends_with_an_error() {
    let (client, _) = client_of(|_| {
        let first = stream::iter([Ok::<_, io::Error>("[1,")]);
        let body = Body::from_stream(stream::StreamExt::chain(first, stream::pending()));
        Ok(Response::new(body))
    });
    let mut call = task::spawn(async { client.get("/x").send().await?.bytes().await });
    assert_pending!(call.poll());
    advance(Duration::from_secs(31)).await;
    let failed = assert_ready_err!(call.poll());
    assert_eq!(failed.to_string(), "response body stalled for 30s");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_a_body_that_drips() {
    let (client, _) = client_of(|_| {
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        Ok(Response::new(Body::from_stream(drip)))
    });
    let timeouts = Timeouts::call().total(Duration::from_secs(10));
    let began = now();
    let failed = client
        .get("/x")
        .timeouts(timeouts)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert!(failed.is_timeout());
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_a_body_that_is_always_ready() {
    let (client, _) = client_of(|_| {
        let endless = stream::repeat_with(|| Ok::<_, io::Error>("x"));
        Ok(Response::new(Body::from_stream(endless)))
    });
    let call = client.get("/x").timeout(Duration::from_secs(10));
    let mut pieces = task::spawn(call.send().await.unwrap().into_stream());
    assert_ready_ok!(pieces.poll_next().map(Option::unwrap));
    advance(Duration::from_secs(9)).await;
    assert_ready_ok!(pieces.poll_next().map(Option::unwrap));
    advance(Duration::from_secs(1)).await;
    let failed = assert_ready_err!(pieces.poll_next().map(Option::unwrap));
    assert_eq!(failed.to_string(), "call not finished within 10s");
    assert_eq!(failed.status(), Some(StatusCode::OK));
    assert!(assert_ready!(pieces.poll_next()).is_none());
}

/// A stream of gzip that is kept alive with blocks of nothing.
#[cfg(feature = "gzip")]
#[tokio::test(start_paused = true)]
async fn a_body_that_brings_nothing_but_compression_stalls() {
    let (client, _) = client_of(|_| {
        let head = stream::iter([Ok::<_, io::Error>(&b"\x1f\x8b\x08\0\0\0\0\0\0\xff"[..])]);
        let nothing = stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            (sent < 100).then_some((Ok(&b"\0\0\0\xff\xff"[..]), sent + 1))
        });
        let body = Body::from_stream(stream::StreamExt::chain(head, nothing));
        let response = Response::builder().header("content-encoding", "gzip");
        Ok(response.body(body).unwrap())
    });
    let began = now();
    let response = client.get("/x").send().await.unwrap();
    let failed = response.bytes().await.unwrap_err();
    assert_eq!(failed.to_string(), "response body stalled for 30s");
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn parts_that_come_in_time_never_stall() {
    let (client, _) = client_of(|_| {
        let drip = stream::unfold(0, |sent| async move {
            tokio::time::sleep(Duration::from_secs(29)).await;
            (sent < 10).then_some((Ok::<_, io::Error>("x"), sent + 1))
        });
        Ok(Response::new(Body::from_stream(drip)))
    });
    let response = client.get("/x").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "xxxxxxxxxx");
}
