//! What reading a large JSON body costs in memory, counted by the allocator.

use std::future::ready;

use allocation_counter::measure;
use bytes::Bytes;
use comfycontrol::{Body, BodyTooLarge, Client, Error, RateLimitMode};
use comfycontrol_test::at_once;
use futures_util::stream;
use http::{Request, Response};
use serde::de::IgnoredAny;
use tower::service_fn;

const PIECE: usize = 64 * 1024;
const BODY: usize = 128 * PIECE;

#[tokio::test(start_paused = true)]
async fn json_takes_twice_its_decoded_bytes_until_it_is_a_value() {
    let response = at_once(client().get("/v1/x").send()).unwrap();
    let mut read = None;
    let cost = measure(|| read = Some(at_once(response.json::<IgnoredAny>())));
    read.unwrap().unwrap();
    // The pieces, which are one allocation here, and all of them in one.
    assert!(cost.bytes_max < 5 * BODY as u64 / 4, "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn beyond_the_bound_nothing_is_decoded() {
    let response = at_once(client().get("/v1/x").send()).unwrap();
    let response = response.with_max_body(BODY / 2);
    assert_eq!(response.max_body(), BODY / 2);
    let mut read = None;
    let cost = measure(|| read = Some(at_once(response.json::<IgnoredAny>())));
    let error = read.unwrap().unwrap_err();
    assert_eq!(error.as_cause::<BodyTooLarge>().unwrap().limit(), BODY / 2);
    assert!(cost.bytes_max < PIECE as u64, "{cost:?}");
}

/// A client of a server that sends a long list in pieces, as a decoder or a connection gives them.
fn client() -> Client {
    let piece = Bytes::from("0,".repeat(PIECE / 2));
    let transport = service_fn(move |_: Request<Body>| {
        let pieces = (0..BODY / PIECE).map(|n| match n {
            0 => [b"[0,", &piece[..PIECE - 4], b" "].concat().into(),
            n if n == BODY / PIECE - 1 => [&piece[..PIECE - 2], b"0]"].concat().into(),
            _ => piece.clone(),
        });
        let pieces: Vec<Result<Bytes, Error>> = pieces.map(Ok).collect();
        ready(Ok::<_, Error>(Response::new(Body::from_stream(
            stream::iter(pieces),
        ))))
    });
    let builder = Client::builder()
        .without_token()
        .rate_limit(RateLimitMode::Off);
    builder.transport(transport).build().unwrap()
}
