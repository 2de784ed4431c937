use std::collections::HashSet;
use std::time::Duration;

use comfycontrol_emulator::{Emulator, Limit, Refusal};
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
    edge.set_wall(edge.wall() + Duration::from_secs(3600));
    account
        .get("/v1/user")
        .await
        .assert_error(401, "Token has expired");
    assert_eq!(tokens.last_used("short"), Some(used));
}

#[tokio::test]
async fn the_41st_request_and_all_after_it_are_refused() {
    let limit = Limit::default();
    let account = Account::of(Emulator::builder().limit(limit).start().await.unwrap());
    for _ in 0..40 {
        assert_eq!(account.get("/v1/user").await.status, 200);
    }
    account
        .get("/v1/user")
        .await
        .assert_error(429, "Rate limit exceeded");
    account.emulator.edge().set_refusal(Refusal::text());
    assert_eq!(account.get("/v1/runner").await.text(), "error code: 1015\n");
    let edge = account.emulator.edge();
    assert_eq!((edge.requests(), edge.refused()), (42, 2));
    assert_eq!(edge.stats().episodes(), 1);
}

#[tokio::test]
async fn pages_of_runners_hold_each_runner_once() {
    let account = Account::open().await;
    let mut ids = HashSet::new();
    for page in 1..=3 {
        let list = account
            .get(&format!("/v1/runner?page={page}&per_page=50"))
            .await
            .json();
        assert_eq!(list["total"], 137);
        for runner in list["runners"].as_array().unwrap() {
            assert!(ids.insert(runner["id"].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(ids.len(), 137);
    assert_eq!(
        account.get("/v1/runner").await.json()["runners"]
            .as_array()
            .unwrap()
            .len(),
        10
    );
    let past = account.get("/v1/runner?page=99").await.json();
    assert_eq!(past["runners"].as_array().unwrap().len(), 0);
    assert_eq!(past["total"], 137);

    let disabled = account.get("/v1/runner?status=disabled").await.json();
    assert_eq!(disabled["total"], 14);
    for query in [
        "page=0",
        "per_page=0",
        "per_page=101",
        "page=x",
        "status=odd",
    ] {
        let refused = account.get(&format!("/v1/runner?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_created_runner_is_found_and_listed_first() {
    let account = Account::open().await;
    let body = r#"{"name":"Mine","endpoint":"https://my-comfy.example.com",
        "tags":["production"],"headers":{"Authorization":"Bearer secret"}}"#;
    let created = account.post_json("/v1/runner", body).await;
    assert_eq!(created.status, 201);
    let created = created.json();
    let id = created["id"].as_str().unwrap();
    assert_eq!(
        account.get(&format!("/v1/runner/{id}")).await.json(),
        created
    );
    assert_eq!(
        account.get("/v1/runner").await.json()["runners"][0],
        created
    );
    assert_eq!(created["status"], "active");
}

#[tokio::test]
async fn runners_that_break_the_rules_are_refused() {
    let account = Account::open().await;
    for (body, message) in [
        ("{", "invalid request body"),
        (
            r#"{"name":"","endpoint":"http://a"}"#,
            "name cannot be empty",
        ),
        (r#"{"endpoint":"http://a"}"#, "name cannot be empty"),
        (
            r#"{"name":"a","endpoint":"ftp://a"}"#,
            "invalid endpoint URL format",
        ),
        (
            r#"{"name":"a","endpoint":"nonsense"}"#,
            "invalid endpoint URL format",
        ),
        (r#"{"name":"a"}"#, "invalid endpoint URL format"),
        (
            r#"{"name":"a","endpoint":"http://a","tags":["","","","","","","","","","",""]}"#,
            "at most 10 tags are allowed",
        ),
        (
            r#"{"name":"a","endpoint":"http://a","tags":[1]}"#,
            "tags must be an array of strings",
        ),
        (
            r#"{"name":"a","endpoint":"http://a","headers":{"a":1}}"#,
            "headers must be an object of strings",
        ),
    ] {
        account
            .post_json("/v1/runner", body)
            .await
            .assert_error(400, message);
    }
}

#[tokio::test]
async fn unknown_things_are_not_found() {
    let account = Account::open().await;
    let nobody = "550e8400-e29b-41d4-a716-446655440000";
    for path in ["/", "/v1", "/v1/", "/v1/token", "/v2/user", "/v1/user/x"] {
        account
            .get(path)
            .await
            .assert_error(404, "requested entity not found");
    }
    for kind in ["runner", "workflow", "template"] {
        let path = format!("/v1/{kind}/{nobody}");
        account
            .get(&path)
            .await
            .assert_error(404, "requested entity not found");
        account
            .get(&format!("/v1/{kind}/7"))
            .await
            .assert_error(400, "invalid id format");
    }
    account
        .post("/v1/user")
        .await
        .assert_error(405, "method not allowed");
}

#[tokio::test]
async fn templates_are_kept_and_listed_without_their_body() {
    let account = Account::open().await;
    let parts = [
        ("name", "", "Mine"),
        ("description", "", "What it does"),
        ("body", "w.json", "{\"1\":{}}"),
    ];
    let created = account.post_form("/v1/template", &parts).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created = created.json();
    let path = format!("/v1/template/{}", created["id"].as_str().unwrap());
    assert_eq!(account.get(&path).await.json(), created);
    let list = account.get("/v1/template").await.json();
    assert_eq!(list["total"], 1);
    assert!(list["templates"][0].get("body").is_none());
    account
        .post_form("/v1/template", &parts[..1])
        .await
        .assert_error(400, "description cannot be empty");
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
async fn the_capture_keeps_the_last_heads_in_order() {
    let emulator = Emulator::builder()
        .limit(None)
        .max_captured(2)
        .start()
        .await
        .unwrap();
    let account = Account::of(emulator);
    for path in ["/a", "/b", "/c"] {
        account.get(path).await;
    }
    let paths = |account: &Account| {
        let seen = account.emulator.captured_requests();
        seen.iter()
            .map(|seen| seen.uri().path().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(&account), ["/b", "/c"]);
    account.emulator.clear_captured_requests();
    assert!(paths(&account).is_empty());
}
