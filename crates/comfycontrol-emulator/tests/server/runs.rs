//! Workflows: uploaded, followed, cancelled, and their outputs fetched.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, EmulatorBuilder, Listener};
use comfycontrol_test::{MILLISECOND, SECOND};
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use crate::client::{Account, TestResponse, bare, fetch};

#[tokio::test]
async fn a_run_is_followed_to_its_end_and_its_outputs_are_fetched_without_the_token() {
    let account = start(|builder| {
        builder
            .run_time(400 * MILLISECOND)
            .sse_interval(20 * MILLISECOND)
    })
    .await;
    let created = account.post_form("/v1/workflow", &FORM).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let summary = created.json();
    assert_eq!(summary["status"], "accepted");
    assert_eq!(summary["tags"], serde_json::json!(["gpu", "text2img"]));
    assert_eq!(summary["started_at"], Value::Null);
    let path = format!("/v1/workflow/{}", summary["id"].as_str().unwrap());
    let outputs = format!("{path}/outputs");
    account
        .get(&outputs)
        .await
        .assert_error(404, "requested entity not found");

    let stream = account.get(&format!("{path}/subscribe")).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    let events = events(&stream);
    let mut statuses: Vec<_> = events
        .iter()
        .map(|e| e["status"].as_str().unwrap())
        .collect();
    let ends = statuses.iter().filter(|s| **s == "completed").count();
    assert_eq!((statuses.pop(), ends), (Some("completed"), 1));
    assert!(statuses.contains(&"running"), "{statuses:?}");

    let detail = account.get(&path).await.json();
    assert_eq!(detail["workflow_params"][0][0], "$text(prompt)");
    assert_eq!(
        detail["workflow_params"][1],
        serde_json::json!(["#choice(sampler)", "euler"])
    );
    assert_eq!(
        detail["workflow_params"][2],
        serde_json::json!(["$file(input)", "cat.png"])
    );
    assert!(detail["completed_at"].is_string() && detail["prompt_id"].is_string());

    let listed = account.get(&outputs).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(
        events.last().unwrap()["outputs"].as_array().unwrap().len(),
        2
    );
    let src = listed[0]["src"].as_str().unwrap().to_owned();
    assert!(src.starts_with(&account.emulator.storage_url()));
    let image = fetch(bare(src.clone())).await.unwrap();
    assert_eq!((image.status, &image.body[1..4]), (200, &b"PNG"[..]));

    let leaked = Request::get(&src).header("authorization", format!("Bearer {}", account.token));
    let leaked = fetch(leaked.body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(leaked.status, 400);
    let seen = account.emulator.captured_requests();
    let stored: Vec<_> = seen
        .iter()
        .filter(|s| s.listener() == Listener::Storage)
        .collect();
    assert_eq!(stored.len(), 2);
    assert!(!stored[0].headers().contains_key("authorization"));
    assert!(stored[1].headers().contains_key("authorization"));
}

#[tokio::test]
async fn a_signed_url_is_good_for_its_path_and_its_time_only() {
    let account = start(|builder| builder.run_time(Duration::ZERO).min_output_bytes(10_000)).await;
    let id = create(&account).await;
    let outputs = account
        .get(&format!("/v1/workflow/{id}/outputs"))
        .await
        .json();
    let src = outputs[0]["src"].as_str().unwrap();
    assert_eq!(
        fetch(bare(src.to_owned())).await.unwrap().body.len(),
        10_000
    );
    for tampered in [
        src.replace("image001", "image002"),
        src.replace("expires=1", "expires=2"),
    ] {
        assert_ne!(tampered, src);
        assert_eq!(fetch(bare(tampered)).await.unwrap().status, 403);
    }
    let edge = account.emulator.edge();
    edge.set_wall_clock(edge.wall_clock() + Duration::from_secs(301));
    let expired = fetch(bare(src.to_owned())).await.unwrap();
    assert_eq!(expired.status, 403);
    assert!(expired.text().contains("ExpiredToken"));
}

#[tokio::test]
async fn a_subscription_is_closed_after_its_last_update_and_resumes() {
    let settings = |b: EmulatorBuilder| {
        b.run_time(SECOND)
            .sse_interval(10 * MILLISECOND)
            .max_sse_events(3)
    };
    let account = start(settings).await;
    let path = format!("/v1/workflow/{}/subscribe", create(&account).await);
    let first = events(&account.get(&path).await);
    assert_eq!(first.len(), 3);
    assert_ne!(first[2]["status"], "completed");
    for _ in 0..100 {
        if events(&account.get(&path).await).last().unwrap()["status"] == "completed" {
            return;
        }
    }
    panic!("the run never ended");
}

#[tokio::test]
async fn a_graph_that_asks_to_fail_fails_with_its_node() {
    let account = start(|builder| builder.run_time(Duration::ZERO).sse_interval(MILLISECOND)).await;
    let graph = r#"{"3":{"class_type":"EmulatedFailure"}}"#;
    let parts = [("name", "", "Bad"), ("workflow_json", "w.json", graph)];
    let created = account.post_form("/v1/workflow", &parts).await.json();
    let path = format!("/v1/workflow/{}", created["id"].as_str().unwrap());
    let detail = account.get(&path).await.json();
    assert_eq!(
        (&detail["status"], &detail["error_node"]),
        (&"failed".into(), &"3".into())
    );
    let events = events(&account.get(&format!("{path}/subscribe")).await);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["cause"]["node_type"], "EmulatedFailure");
    let outputs = account.get(&format!("{path}/outputs")).await;
    outputs.assert_error(404, "requested entity not found");
}

#[tokio::test]
async fn a_run_is_cancelled_once_it_is_queued() {
    // Not queued before a tenth of a day has passed.
    let account = start(|builder| builder.run_time(Duration::from_secs(86_400))).await;
    let id = create(&account).await;
    let cancel = format!("/v1/workflow/{id}/cancel");
    let denied = account.post(&cancel).await;
    denied.assert_error(400, "cannot cancel a workflow that is accepted");

    let account = start(|builder| builder.run_time(4 * SECOND)).await;
    let path = format!("/v1/workflow/{}", create(&account).await);
    wait_for(&account, &path, "running").await;
    let cancelled = account.post(&format!("{path}/cancel")).await;
    assert_eq!((cancelled.status, cancelled.body.len()), (200, 0));
    wait_for(&account, &path, "cancelled").await;
    let again = account.post(&format!("{path}/cancel")).await;
    again.assert_error(400, "cannot cancel a workflow that is cancelled");
}

#[tokio::test]
async fn a_rerun_is_a_new_run_with_the_parameters_that_changed() {
    let account = Account::open().await;
    let created = account.post_form("/v1/workflow", &FORM).await.json();
    let id = created["id"].as_str().unwrap();
    let changed = [("$prompt", "", "a cat")];
    let again = account
        .post_form(&format!("/v1/workflow/{id}/rerun"), &changed)
        .await;
    assert_eq!(again.status, 201);
    let again = again.json();
    assert_ne!(again["id"], created["id"]);
    assert_eq!(again["tags"], created["tags"]);
    let detail = account
        .get(&format!("/v1/workflow/{}", again["id"].as_str().unwrap()))
        .await;
    let params = &detail.json()["workflow_params"];
    assert_eq!(params[0], serde_json::json!(["$text(prompt)", "a cat"]));
    assert_eq!(params[1], serde_json::json!(["#choice(sampler)", "euler"]));
    let list = account.get("/v1/workflow?per_page=1").await.json();
    assert_eq!(
        (&list["total"], &list["workflows"][0]["id"]),
        (&2.into(), &again["id"])
    );
}

#[tokio::test]
async fn parts_of_one_name_keep_their_own_values() {
    let account = Account::open().await;
    let mut form = FORM[..2].to_vec();
    form.extend([
        ("$a", "a.png", "a file"),
        ("$a", "", "a text"),
        ("#b", "", "first"),
        ("#b", "", "last"),
    ]);
    let created = account.post_form("/v1/workflow", &form).await.json();
    let path = format!("/v1/workflow/{}", created["id"].as_str().unwrap());
    let params = account.get(&path).await.json()["workflow_params"].take();
    let expected = [
        ["$file(a)", "a.png"],
        ["$text(a)", "a text"],
        ["#choice(b)", "last"],
    ];
    assert_eq!(params, serde_json::json!(expected));
}

#[tokio::test]
async fn uploads_that_break_the_rules_get_a_400() {
    let account = Account::open().await;
    let graph = ("workflow_json", "w.json", "{}");
    for (parts, message) in [
        (vec![graph], "name cannot be empty"),
        (
            vec![("name", "", &*"x".repeat(201)), graph],
            "name cannot be longer than 200 characters",
        ),
        (vec![("name", "", "a")], "workflow_json is required"),
        (
            vec![("name", "", "a"), ("workflow_json", "", "{}")],
            "workflow_json must be a file",
        ),
        (
            vec![("name", "", "a"), ("workflow_json", "w", "[]")],
            "workflow_json is not a valid JSON object",
        ),
    ] {
        account
            .post_form("/v1/workflow", &parts)
            .await
            .assert_error(400, message);
    }
    let json = account.post_json("/v1/workflow", "{}").await;
    json.assert_error(400, "expected multipart/form-data");
    let request = account.request("POST", "/v1/workflow");
    let request = request.header("content-type", "multipart/form-data; boundary=XX");
    let cut = fetch(request.body("--XX\r\nContent-Dis".into()).unwrap())
        .await
        .unwrap();
    cut.assert_error(400, "malformed multipart/form-data");
}

// === support ===

const FORM: [(&str, &str, &str); 6] = [
    ("name", "", "Text to Image"),
    (
        "workflow_json",
        "w.json",
        r#"{"6":{"inputs":{"text":"$text(prompt)"}}}"#,
    ),
    ("tags", "", "gpu, text2img"),
    ("$prompt", "", "a sunset"),
    ("#sampler", "", "euler"),
    ("$input", "cat.png", "not really"),
];

async fn start(settings: impl FnOnce(EmulatorBuilder) -> EmulatorBuilder) -> Account {
    let builder = settings(Emulator::builder().limit(None));
    Account::of(builder.start().await.unwrap())
}

async fn create(account: &Account) -> String {
    let created = account.post_form("/v1/workflow", &FORM).await.json();
    created["id"].as_str().unwrap().to_owned()
}

async fn wait_for(account: &Account, path: &str, status: &str) {
    for _ in 0..10_000 {
        if account.get(path).await.json()["status"] == status {
            return;
        }
    }
    panic!("never {status}");
}

fn events(response: &TestResponse) -> Vec<Value> {
    let text = response.text();
    let events = text
        .split_terminator("\n\n")
        .map(|e| e.strip_prefix("data: ").unwrap());
    events.map(|e| serde_json::from_str(e).unwrap()).collect()
}
