//! Which requests are let in, and what the others are told.

use std::time::Duration;

use http::Request;
use http_body_util::Full;

use crate::client::{Account, bare, fetch};

#[tokio::test]
async fn the_user_is_shown_to_a_known_token_only() {
    let account = Account::open().await;
    let user = account.get("/v1/user").await;
    assert_eq!(user.status, 200);
    assert_eq!(user.json()["tier"], "pro");
    for header in ["date", "cf-ray"] {
        assert!(user.headers.contains_key(header), "{header}");
    }

    let url = format!("{}/v1/user", account.emulator.http_url());
    let missing = fetch(bare(url.clone())).await.unwrap();
    missing.assert_error(401, "Missing authorization header");
    let wrong = Request::get(&url).header("authorization", "Bearer cfc_wrong");
    let wrong = fetch(wrong.body(Full::default()).unwrap()).await.unwrap();
    wrong.assert_error(401, "Invalid token");
    account.emulator.tokens().revoke("test");
    account
        .get("/v1/user")
        .await
        .assert_error(401, "Invalid token");
}

#[tokio::test]
async fn an_expired_token_is_said_to_have_expired() {
    let mut account = Account::open().await;
    let tokens = account.emulator.tokens();
    account.token = tokens.create("short", Some(Duration::from_secs(3600)));
    assert_eq!(account.get("/v1/user").await.status, 200);
    let used = tokens.last_used("short").unwrap();
    let edge = account.emulator.edge();
    edge.set_wall_clock(edge.wall_clock() + Duration::from_secs(3600));
    account
        .get("/v1/user")
        .await
        .assert_error(401, "Token has expired");
    assert_eq!(tokens.last_used("short"), Some(used));
}
