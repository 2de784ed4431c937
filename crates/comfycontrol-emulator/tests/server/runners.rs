//! Runners: made, shown and listed in pages.

use std::collections::HashSet;

use crate::client::Account;

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
        let denied = account.get(&format!("/v1/runner?{query}")).await;
        assert_eq!(denied.status, 400, "{query}");
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
async fn runners_that_break_the_rules_get_a_400() {
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
