//! What is too much, in number or in size.

use comfycontrol_emulator::{Emulator, Limit, Throttled};
use http_body_util::Full;

use crate::client::{Account, fetch, send};

#[tokio::test]
async fn the_41st_request_and_all_after_it_are_throttled() {
    let limit = Limit::default();
    let account = Account::of(Emulator::builder().limit(limit).start().await.unwrap());
    for _ in 0..40 {
        assert_eq!(account.get("/v1/user").await.status, 200);
    }
    account
        .get("/v1/user")
        .await
        .assert_error(429, "Rate limit exceeded");
    account.emulator.edge().set_throttled(Throttled::text());
    assert_eq!(account.get("/v1/runner").await.text(), "error code: 1015\n");
    let edge = account.emulator.edge();
    assert_eq!((edge.requests(), edge.throttled()), (42, 2));
    assert_eq!(edge.stats().blocks(), 1);
}

#[tokio::test]
async fn requests_too_large_for_the_edge_get_its_pages() {
    let account = Account::open().await;
    let long = account
        .get(&format!("/v1/user?q={}", "x".repeat(33_000)))
        .await;
    assert_eq!(
        (long.status, &long.headers["content-type"] == "text/html"),
        (414, true)
    );
    let heavy = account
        .request("GET", "/v1/user")
        .header("x-heavy", "x".repeat(132_000));
    let heavy = fetch(heavy.body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(heavy.status, 431);
}

#[tokio::test]
async fn an_upload_above_50_mb_gets_a_413() {
    let account = Account::open().await;
    let request = account.request("POST", "/v1/workflow");
    let request = request
        .header("expect", "100-continue")
        .header("content-length", 50_000_001);
    let request = request.header("content-type", "multipart/form-data; boundary=XX");
    // Turned away by its head; the body is never asked for.
    let response = send(request.body(vec![0; 50_000_001].into()).unwrap()).await;
    assert_eq!(response.unwrap().status(), 413);
}
