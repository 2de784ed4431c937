//! Each endpoint against an emulated API: what goes out, and what comes back.

#[path = "support/server.rs"]
mod server;

use comfycontrol_api::{
    NewRunner, NewTemplate, NewWorkflow, RunnerHeaders, RunnerStatus, RunnerUpdate, TemplateUpdate,
    UserTier, WorkflowParams, WorkflowStatus,
};
use comfycontrol_emulator::Emulator;
use comfycontrol_test::{MILLISECOND, SECOND};
use futures_util::TryStreamExt;
use serde_json::json;

use self::server::Server;

#[tokio::test]
async fn the_user_is_read() {
    let server = Server::start(Emulator::builder()).await;
    let user = server.api.user().await.unwrap();
    assert_eq!(
        (user.name.as_str(), user.tier),
        ("Example User", UserTier::Pro)
    );
    server.saw(["GET /v1/user"]);
}

#[tokio::test]
async fn runners_are_added_changed_listed_and_asked() {
    let server = Server::start(Emulator::builder().runners(12)).await;
    let runners = server.api.runners();

    let new = NewRunner::new("desk", "https://comfy.example.com")
        .tag("gpu-a100")
        .header("Authorization", "Bearer secret");
    let made = runners.create(&new).await.unwrap();
    assert_eq!(
        (made.name.as_str(), &made.status),
        ("desk", &RunnerStatus::Active)
    );
    assert_eq!(made.tags, ["gpu-a100"]);
    assert_eq!(made.headers.get("authorization"), Some("Bearer secret"));
    assert_eq!(runners.get(&made.id).await.unwrap(), made);

    let headers: RunnerHeaders = [("X-Key", "1")].into_iter().collect();
    let update = RunnerUpdate::new()
        .name("shelf")
        .endpoint("http://192.168.1.100:8188")
        .headers(headers.clone())
        .tags(["a", "b"])
        .status(RunnerStatus::Disabled);
    let changed = runners.update(&made.id, &update).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), &changed.headers),
        ("shelf", &headers)
    );
    assert_eq!(changed.endpoint, "http://192.168.1.100:8188");
    assert_eq!(
        (changed.tags.len(), changed.status),
        (2, RunnerStatus::Disabled)
    );
    let same = runners
        .update(&made.id, &RunnerUpdate::new())
        .await
        .unwrap();
    assert_eq!((same.name.as_str(), same.tags.len()), ("shelf", 2));

    let stats = runners.stats(&made.id).await.unwrap();
    assert_eq!(stats.devices[0].device_type.as_deref(), Some("cuda"));
    assert!(runners.history(&made.id).await.unwrap().is_empty());
    runners.interrupt(&made.id).await.unwrap();

    let disabled = runners.list().status(RunnerStatus::Disabled).per_page(2);
    let page = disabled.page(1).await.unwrap();
    assert_eq!((page.items.len(), page.total), (2, Some(3)));
    assert_eq!(page.items[0].name, "shelf");
    let one = format!("/v1/runner/{}", made.id);
    server.saw([
        "POST /v1/runner",
        &format!("GET {one}"),
        &format!("PUT {one}"),
        &format!("PUT {one}"),
        &format!("GET {one}/stats"),
        &format!("GET {one}/history"),
        &format!("POST {one}/interrupt"),
        "GET /v1/runner?status=disabled&page=1&per_page=2",
    ]);
    let all: Vec<_> = disabled.items().try_collect().await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|r| r.status == RunnerStatus::Disabled));
}

#[tokio::test]
async fn managed_runners_are_listed_and_asked_and_run_what_has_no_other() {
    let server = Server::start(Emulator::builder().runners(0)).await;
    let run = server.api.workflows().create(sunset()).await.unwrap();
    let managed = server.api.managed_runners();
    let page = managed.list().page(1).await.unwrap();
    assert_eq!((page.items.len(), page.total), (2, Some(2)));
    let first = &page.items[0];
    assert_eq!(&managed.get(&first.id).await.unwrap(), first);
    assert!(!managed.stats(&first.id).await.unwrap().dev_mode);
    assert_eq!(managed.history(&first.id).await.unwrap()[0].id, run.id);
    let one = format!("/v1/managed-runner/{}", first.id);
    server.saw([
        "POST /v1/workflow",
        "GET /v1/managed-runner?page=1&per_page=100",
        &format!("GET {one}"),
        &format!("GET {one}/stats"),
        &format!("GET {one}/history"),
    ]);
}

#[tokio::test]
async fn a_workflow_is_run_followed_read_and_run_again() {
    let builder = Emulator::builder().run_time(200 * MILLISECOND);
    let server = Server::start(builder.sse_interval(20 * MILLISECOND)).await;
    let workflows = server.api.workflows();

    let new = sunset()
        .tag("gpu")
        .tag("text2img")
        .text("prompt", "a \"red\"\nsunset")
        .choice("sampler", "euler")
        .file("input", "cat.png", &b"\x89PNG"[..]);
    let run = workflows.create(new).await.unwrap();
    assert_eq!(
        (run.name.as_str(), &run.status),
        ("Sunset", &WorkflowStatus::Accepted)
    );
    assert_eq!(
        (run.tags.join(" ").as_str(), run.started_at),
        ("gpu text2img", None)
    );

    let updates: Vec<_> = workflows.subscribe(&run.id).try_collect().await.unwrap();
    assert_eq!(updates.last().unwrap().status, WorkflowStatus::Completed);
    let outputs = workflows.outputs(&run.id).await.unwrap();
    assert_eq!(outputs[0].workflow_id, run.id);

    let detail = workflows.get(&run.id).await.unwrap();
    assert_eq!(detail.workflow_json, json!({ "6": { "class_type": "A" } }));
    let params = [
        ("$text(prompt)", "a \"red\"\nsunset"),
        ("#choice(sampler)", "euler"),
        ("$file(input)", "cat.png"),
    ];
    let params = params.map(|(name, value)| (name.to_owned(), json!(value)));
    assert_eq!(detail.workflow_params, params);

    let again = WorkflowParams::new().text("prompt", "a grey dawn");
    let again = workflows.rerun(&run.id, again).await.unwrap();
    assert_ne!(again.id, run.id);
    let detail = workflows.get(&again.id).await.unwrap();
    assert_eq!(detail.workflow_params[0].1, "a grey dawn");
    assert_eq!(detail.workflow_params[1..], params[1..]);
    workflows
        .rerun(&run.id, WorkflowParams::new())
        .await
        .unwrap();

    let completed = workflows.list().status(WorkflowStatus::Completed);
    let completed: Vec<_> = completed.items().try_collect().await.unwrap();
    assert_eq!(completed.iter().filter(|w| w.id == run.id).count(), 1);
    let detail = workflows.get(&run.id).await.unwrap();
    let runner = detail.user_runner_id.unwrap();
    let history = server.api.runners().history(&runner).await.unwrap();
    assert_eq!(history.len(), 3);
}

#[tokio::test]
async fn all_values_of_a_workflow_are_set_in_place_of_those_before() {
    let server = Server::start(Emulator::builder()).await;
    let params = WorkflowParams::new().text("prompt", "a grey dawn");
    let new = sunset().text("prompt", "noon").choice("sampler", "euler");
    let new = new.params(params).choice("size", "large");
    let run = server.api.workflows().create(new).await.unwrap();
    let detail = server.api.workflows().get(&run.id).await.unwrap();
    let params = [("$text(prompt)", "a grey dawn"), ("#choice(size)", "large")];
    let params = params.map(|(name, value)| (name.to_owned(), json!(value)));
    assert_eq!(detail.workflow_params, params);
}

#[tokio::test]
async fn a_workflow_is_cancelled_while_it_runs_and_not_after() {
    let builder = Emulator::builder().run_time(2 * SECOND);
    let server = Server::start(builder.sse_interval(20 * MILLISECOND)).await;
    let workflows = server.api.workflows();
    let run = workflows.create(sunset()).await.unwrap();
    let mut updates = workflows.subscribe(&run.id);
    while let Some(update) = updates.try_next().await.unwrap() {
        if update.status == WorkflowStatus::Running {
            workflows.cancel(&run.id).await.unwrap();
            break;
        }
    }
    let last: Vec<_> = updates.try_collect().await.unwrap();
    assert_eq!(last.last().unwrap().status, WorkflowStatus::Cancelled);
    let late = workflows.cancel(&run.id).await.unwrap_err();
    assert_eq!(late.status().unwrap(), 400);
    let none = workflows.outputs(&run.id).await.unwrap_err();
    assert_eq!(none.status().unwrap(), 404);
}

#[tokio::test]
async fn templates_are_added_changed_listed_and_run() {
    let server = Server::start(Emulator::builder()).await;
    let templates = server.api.templates();
    let new = NewTemplate::new("sunset", "paints a sunset", json!({ "6": {} }));
    let made = templates.create(new).await.unwrap();
    assert_eq!(
        (made.name.as_str(), &made.body),
        ("sunset", &json!({ "6": {} }))
    );
    assert_eq!(templates.get(&made.id).await.unwrap(), made);

    let update = TemplateUpdate::new().description("paints two");
    let changed = templates.update(&made.id, update).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.description.as_str()),
        ("sunset", "paints two")
    );
    let update = TemplateUpdate::new().name("dawn").body(r#"{"7":{}}"#);
    let changed = templates.update(&made.id, update).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), &changed.body),
        ("dawn", &json!({ "7": {} }))
    );
    assert_eq!(changed.description, "paints two");

    let listed: Vec<_> = templates.list().items().try_collect().await.unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str()), (1, "dawn"));
    let run = NewWorkflow::new("from a template", &changed.body);
    let run = server.api.workflows().create(run).await.unwrap();
    let one = format!("/v1/template/{}", made.id);
    server.saw([
        "POST /v1/template",
        &format!("GET {one}"),
        &format!("PUT {one}"),
        &format!("PUT {one}"),
        "GET /v1/template?page=1&per_page=100",
        "POST /v1/workflow",
    ]);
    assert!(!run.id.as_str().is_empty());
}

// === support ===

fn sunset() -> NewWorkflow {
    NewWorkflow::new("Sunset", r#"{"6":{"class_type":"A"}}"#)
}
