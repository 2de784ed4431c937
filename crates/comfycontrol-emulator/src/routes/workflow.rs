use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::multipart::{self, Part, json_file, parts, required};
use super::pagination::{page, parameter};
use super::run::{Run, Status};
use super::store::check_id;
use super::{Api, Failure, Reply, storage};
use crate::shared::Now;
use crate::timestamp::timestamp;

#[derive(Clone, Debug)]
pub(super) struct Workflow {
    pub(super) id: String,
    name: String,
    tags: Vec<String>,
    graph: Map<String, Value>,
    /// Names and values of placeholders.
    params: Vec<(String, String)>,
    prompt_id: String,
    runner_id: Option<String>,
    run: Run,
    accepted: Instant,
    created: SystemTime,
}

impl Workflow {
    pub(super) fn age(&self, now: Now) -> Duration {
        now.instant.saturating_duration_since(self.accepted)
    }

    pub(super) fn status(&self, now: Now) -> Status {
        self.run.status(self.age(now))
    }

    pub(super) fn started(&self, now: Now) -> Option<String> {
        self.run
            .started(self.age(now))
            .map(|at| timestamp(self.created + at))
    }

    pub(super) fn ended(&self, now: Now) -> Option<String> {
        self.run
            .ended(self.age(now))
            .map(|at| timestamp(self.created + at))
    }

    /// The ComfyUI prompt, known from the queue on.
    pub(super) fn prompt_id(&self, now: Now) -> Option<&str> {
        let known = !matches!(self.status(now), Status::Accepted | Status::Uploaded);
        known.then_some(&self.prompt_id)
    }

    /// The node that makes the graph fail, if it has.
    pub(super) fn failed_node(&self, now: Now) -> Option<&str> {
        let failed = self.status(now) == Status::Failed;
        failed.then(|| failing_node(&self.graph)).flatten()
    }

    fn summary(&self, now: Now) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "status": self.status(now).name(),
            "tags": self.tags,
            "created_at": timestamp(self.created),
            "updated_at": timestamp(self.created + self.run.since(self.age(now))),
            "started_at": self.started(now),
            "completed_at": self.ended(now),
        })
    }

    fn detail(&self, now: Now, user_id: &str) -> Value {
        let prompt_id = self.prompt_id(now);
        let failed = self.failed_node(now);
        let mut detail = self.summary(now);
        let more = json!({
            "user_id": user_id,
            "user_runner_id": prompt_id.and(self.runner_id.as_ref()),
            "managed_runner_id": null,
            "workflow_json": self.graph,
            "workflow_params": self.params,
            "prompt_id": prompt_id,
            "queue_number": prompt_id.map(|_| 1),
            "error_node": failed,
            "exception_type": failed.map(|_| EXCEPTION),
            "exception_message": failed.map(|_| EXCEPTION_MESSAGE),
        });
        if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
            detail.extend(more);
        }
        detail
    }
}

/// `POST /v1/workflow`
pub(super) fn create(api: &mut Api, now: Now, head: &Parts, body: Bytes) -> Result<Reply, Failure> {
    let parts = parts(head, body)?;
    let tags = multipart::text(&parts, "tags")?.unwrap_or_default();
    let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    let (name, tags) = (
        required(&parts, "name", 200)?,
        tags.map(str::to_owned).collect(),
    );
    let graph = json_file(&parts, "workflow_json")?;
    start(api, now, name, tags, graph, params(&parts)?)
}

/// `POST /v1/workflow/{id}/rerun`; parameters that are not given keep their values.
pub(super) fn rerun(
    api: &mut Api,
    now: Now,
    id: &str,
    head: &Parts,
    body: Bytes,
) -> Result<Reply, Failure> {
    let old = find(api, id)?.clone();
    let mut params_now = old.params;
    for (name, value) in params(&parts(head, body)?)? {
        match params_now.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => params_now.push((name, value)),
        }
    }
    start(api, now, old.name, old.tags, old.graph, params_now)
}

/// `GET /v1/workflow`; `total` is after the status filter.
pub(super) fn list(api: &Api, now: Now, head: &Parts) -> Result<Reply, Failure> {
    let status = parameter(head, "status");
    let wanted = |w: &&Workflow| status.as_deref().is_none_or(|s| s == w.status(now).name());
    let workflows = api.workflows.iter().filter(wanted);
    page(head, "workflows", workflows, |workflow| {
        workflow.summary(now)
    })
}

/// `GET /v1/workflow/{id}`
pub(super) fn show(api: &Api, now: Now, id: &str) -> Result<Reply, Failure> {
    Ok(Reply::ok(find(api, id)?.detail(now, &api.user_id)))
}

/// `POST /v1/workflow/{id}/cancel`
pub(super) fn cancel(api: &mut Api, now: Now, id: &str) -> Result<Reply, Failure> {
    find(api, id)?;
    let workflow = api.workflows.iter_mut().find(|workflow| workflow.id == id);
    let workflow = workflow.ok_or_else(Failure::not_found)?;
    let age = workflow.age(now);
    if workflow.run.cancel(age) {
        return Ok(Reply::Empty);
    }
    let status = workflow.run.status(age).name();
    Err(Failure::bad_request(format!(
        "cannot cancel a workflow that is {status}"
    )))
}

/// `GET /v1/workflow/{id}/outputs`
pub(super) fn outputs(api: &Api, now: Now, id: &str) -> Result<Reply, Failure> {
    let workflow = find(api, id)?;
    match workflow.status(now) {
        Status::Completed => Ok(Reply::ok(storage::outputs(api, now, id))),
        _ => Err(Failure::not_found()),
    }
}

/// `GET /v1/workflow/{id}/subscribe`
pub(super) fn subscribe(api: &Api, id: &str) -> Result<Reply, Failure> {
    Ok(Reply::Subscription(find(api, id)?.id.clone()))
}

pub(super) fn find<'a>(api: &'a Api, id: &str) -> Result<&'a Workflow, Failure> {
    check_id(id)?;
    let workflow = api.workflows.iter().find(|workflow| workflow.id == id);
    workflow.ok_or_else(Failure::not_found)
}

fn start(
    api: &mut Api,
    now: Now,
    name: String,
    tags: Vec<String>,
    graph: Map<String, Value>,
    params: Vec<(String, String)>,
) -> Result<Reply, Failure> {
    let workflow = Workflow {
        id: api.next_id(),
        name,
        tags,
        run: Run::new(api.scenario().run_time, failing_node(&graph).is_some()),
        graph,
        params,
        prompt_id: api.next_id(),
        runner_id: api.runners.first().map(|runner| runner.id().to_owned()),
        accepted: now.instant,
        created: now.wall,
    };
    let shown = workflow.summary(now);
    api.workflows.insert(0, workflow);
    Ok(Reply::created(shown))
}

/// The dynamic parts, named as in the graph: `$key` text or file, `#key` choice.
fn params(parts: &[Part]) -> Result<Vec<(String, String)>, Failure> {
    let mut params = Vec::new();
    for part in parts {
        let Some((kind, key)) = part.name.split_at_checked(1) else {
            continue;
        };
        let param = match (kind, &part.file_name) {
            ("$", Some(file)) => (format!("$file({key})"), file.clone()),
            ("$", None) => (format!("$text({key})"), value(parts, part)?),
            ("#", _) => (format!("#choice({key})"), value(parts, part)?),
            _ => continue,
        };
        params.push(param);
    }
    Ok(params)
}

fn value(parts: &[Part], part: &Part) -> Result<String, Failure> {
    Ok(multipart::text(parts, &part.name)?.unwrap_or_default())
}

/// The node by which a graph asks to fail: one of class `EmulatedFailure`.
fn failing_node(graph: &Map<String, Value>) -> Option<&str> {
    let mut nodes = graph.iter();
    let failing = nodes.find(|(_, node)| node["class_type"] == FAILING_CLASS);
    failing.map(|(id, _)| id.as_str())
}

const FAILING_CLASS: &str = "EmulatedFailure";
pub(super) const EXCEPTION: &str = "EmulatedError";
pub(super) const EXCEPTION_MESSAGE: &str = "the graph asked to fail";
