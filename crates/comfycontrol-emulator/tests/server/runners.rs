//! Runners: made, shown and listed in pages.

use std::collections::HashSet;

use comfycontrol_emulator::Emulator;
use comfycontrol_test::SECOND;

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

#[tokio::test]
async fn a_changed_runner_keeps_what_was_not_given() {
    let account = Account::open().await;
    let body = r#"{"name":"Mine","endpoint":"http://a","tags":["a"],"headers":{"X":"1"}}"#;
    let created = account.post_json("/v1/runner", body).await.json();
    let path = format!("/v1/runner/{}", created["id"].as_str().unwrap());
    let change = r#"{"name":"Yours","status":"disabled","tags":null}"#;
    let changed = account.put_json(&path, change).await;
    assert_eq!(changed.status, 200);
    let changed = changed.json();
    assert_eq!(
        (&changed["name"], &changed["status"]),
        (&"Yours".into(), &"disabled".into())
    );
    for kept in ["id", "endpoint", "tags", "headers", "created_at"] {
        assert_eq!(changed[kept], created[kept], "{kept}");
    }
    assert_eq!(account.get(&path).await.json(), changed);
    for (change, message) in [
        (r#"{"name":""}"#, "name cannot be empty"),
        (r#"{"status":"odd"}"#, "invalid status"),
        (r#"{"endpoint":"x"}"#, "invalid endpoint URL format"),
        ("[]", "invalid request body"),
    ] {
        account
            .put_json(&path, change)
            .await
            .assert_error(400, message);
    }
    assert_eq!(account.get(&path).await.json(), changed);
}

#[tokio::test]
async fn a_runner_tells_its_machine_and_its_last_ten_workflows() {
    let account = Account::open().await;
    let newest = account
        .get("/v1/runner?status=active&per_page=1")
        .await
        .json();
    let path = format!(
        "/v1/runner/{}",
        newest["runners"][0]["id"].as_str().unwrap()
    );
    let stats = account.get(&format!("{path}/stats")).await.json();
    assert!(stats["system"]["ram_total"].is_u64() && stats["devices"][0]["type"] == "cuda");

    for n in 0..12 {
        let parts = [
            ("name", "", &*n.to_string()),
            ("workflow_json", "w.json", "{}"),
        ];
        assert_eq!(account.post_form("/v1/workflow", &parts).await.status, 201);
    }
    let history = account.get(&format!("{path}/history")).await.json();
    let names = history.as_array().unwrap().iter().map(|run| &run["name"]);
    let newest_first = ["11", "10", "9", "8", "7", "6", "5", "4", "3", "2"];
    assert!(names.eq(newest_first.iter()), "{history}");
    assert!(history[0].get("user_id").is_none());
    for kind in ["runner", "managed-runner"] {
        for what in ["stats", "history"] {
            account
                .get(&format!(
                    "/v1/{kind}/550e8400-e29b-41d4-a716-446655440000/{what}"
                ))
                .await
                .assert_error(404, "requested entity not found");
        }
    }
}

#[tokio::test]
async fn an_interrupted_runner_ends_what_it_runs() {
    let builder = Emulator::builder().limit(None).runners(2);
    let account = Account::of(builder.run_time(SECOND).start().await.unwrap());
    let parts = [("name", "", "a"), ("workflow_json", "w.json", "{}")];
    let run = account.post_form("/v1/workflow", &parts).await.json();
    let path = format!("/v1/workflow/{}", run["id"].as_str().unwrap());
    let mut interrupted = false;
    let end = loop {
        let run = account.get(&path).await.json();
        if run["status"] == "running" && !interrupted {
            let runner = run["user_runner_id"].as_str().unwrap();
            let call = account
                .post(&format!("/v1/runner/{runner}/interrupt"))
                .await;
            assert_eq!((call.status, call.text().as_str()), (200, ""));
            interrupted = true;
        }
        if !run["completed_at"].is_null() {
            break run;
        }
    };
    assert_eq!(end["status"], "cancelled");
}

#[tokio::test]
async fn managed_runners_are_listed_and_take_what_no_runner_of_the_account_can() {
    let builder = Emulator::builder().limit(None).runners(1);
    // The one there is stands disabled, as every tenth.
    let account = Account::of(builder.run_time(SECOND).start().await.unwrap());
    let parts = [("name", "", "a"), ("workflow_json", "w.json", "{}")];
    let run = account.post_form("/v1/workflow", &parts).await.json();

    let list = account.get("/v1/managed-runner?per_page=1").await.json();
    assert_eq!(
        (&list["total"], &list["runners"][0]["status"]),
        (&2.into(), &"active".into())
    );
    assert!(list["runners"][0].get("endpoint").is_none());
    let path = format!(
        "/v1/managed-runner/{}",
        list["runners"][0]["id"].as_str().unwrap()
    );
    assert_eq!(account.get(&path).await.json(), list["runners"][0]);
    assert_eq!(account.get(&format!("{path}/stats")).await.status, 200);
    let history = account.get(&format!("{path}/history")).await.json();
    assert_eq!(history[0]["id"], run["id"]);
    account
        .post(&path)
        .await
        .assert_error(405, "method not allowed");
}
