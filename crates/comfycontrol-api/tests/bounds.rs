//! What the API documents as out of bounds is refused before anything is sent.

#[path = "support/server.rs"]
mod server;

use comfycontrol::{Error, ErrorKind, Sent};
use comfycontrol_api::{
    InvalidField, NewRunner, NewTemplate, NewWorkflow, RunnerId, RunnerUpdate, TemplateId,
    TemplateUpdate, WorkflowId, WorkflowParams,
};
use comfycontrol_emulator::Emulator;

use self::server::Server;

#[tokio::test]
async fn what_is_out_of_bounds_is_never_sent() {
    let server = Server::start(Emulator::builder()).await;
    let (runners, workflows) = (server.api.runners(), server.api.workflows());
    let templates = server.api.templates();
    let long = |length| "ü".repeat(length);
    let id = RunnerId::from("1");
    let runner = |name: String| NewRunner::new(name, "http://a");

    out_of_bounds(runners.create(&runner(String::new())).await, "name");
    out_of_bounds(runners.create(&runner(long(101))).await, "name");
    for url in ["", "nonsense", "ftp://a", "http://", "/x"] {
        out_of_bounds(runners.create(&NewRunner::new("a", url)).await, "endpoint");
    }
    let tags = (0..11).fold(runner(long(100)), |new, n| new.tag(n.to_string()));
    out_of_bounds(runners.create(&tags).await, "tags");
    let header = runner("a".into()).header("X\nY", "1");
    out_of_bounds(runners.create(&header).await, "headers");
    let update = RunnerUpdate::new().tags(["a"; 11]);
    out_of_bounds(runners.update(&id, &update).await, "tags");
    let update = RunnerUpdate::new().name("");
    out_of_bounds(runners.update(&id, &update).await, "name");
    out_of_bounds(runners.list().page(0).await, "page");

    let new = NewTemplate::new("a", long(501), "{}");
    out_of_bounds(templates.create(new).await, "description");
    let new = NewTemplate::new("a", "b", "[]");
    out_of_bounds(templates.create(new).await, "body");
    let update = TemplateUpdate::new().body("{} x");
    out_of_bounds(templates.update(&"1".into(), update).await, "body");

    let new = NewWorkflow::new(long(201), "{}");
    out_of_bounds(workflows.create(new).await, "name");
    out_of_bounds(
        workflows.create(NewWorkflow::new("a", "{")).await,
        "workflow_json",
    );
    for tag in ["", " ", "a,b"] {
        out_of_bounds(
            workflows.create(NewWorkflow::new("a", "{}").tag(tag)).await,
            "tags",
        );
    }
    let params = WorkflowParams::new().file("cat.png", "cat.png", "x");
    out_of_bounds(workflows.rerun(&"1".into(), params).await, "file key");
    for id in ["", "..", "a/../b"] {
        let error = workflows.get(&WorkflowId::from(id)).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No));
    }
    server.saw([]);

    // What just fits is sent.
    let fits = (0..10).fold(runner(long(100)), |new, n| new.tag(n.to_string()));
    runners.create(&fits).await.unwrap();
    let fits = NewTemplate::new(long(100), long(500), " {}");
    templates.create(fits).await.unwrap();
    workflows
        .create(NewWorkflow::new(long(200), "{}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_id_is_one_segment_whatever_it_says() {
    let server = Server::start(Emulator::builder()).await;
    let templates = server.api.templates();
    for id in ["a/b", "a?b=c", "a#b", "ü"] {
        let error = templates.get(&TemplateId::from(id)).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 400, "{id}");
    }
    server.saw([
        "GET /v1/template/a%2Fb",
        "GET /v1/template/a%3Fb%3Dc",
        "GET /v1/template/a%23b",
        "GET /v1/template/%C3%BC",
    ]);
}

// === support ===

#[track_caller]
fn out_of_bounds<T>(result: Result<T, Error>, field: &str) {
    let Err(error) = result else {
        panic!("{field} was sent");
    };
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No));
    let invalid: &InvalidField = error.as_cause().unwrap();
    assert_eq!(invalid.field(), field, "{error}");
    assert!(error.to_string().starts_with(field), "{error}");
}
