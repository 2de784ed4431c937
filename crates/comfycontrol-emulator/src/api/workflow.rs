//! A workflow, and how the API shows it.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::run::{Run, Status};
use super::shelf::Identified;
use crate::clock::Now;
use crate::timestamp::timestamp;

/// A graph that was handed in, and its run.
#[derive(Clone, Debug)]
pub(super) struct Workflow {
    id: String,
    submission: Submission,
    prompt_id: String,
    runner_id: Option<String>,
    run: Run,
    accepted: Instant,
    created: SystemTime,
}

/// What a client hands in.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) graph: Map<String, Value>,
    /// Names and values of placeholders.
    pub(super) params: Vec<(String, String)>,
}

impl Identified for Workflow {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Workflow {
    /// A workflow that is accepted now and runs for `run_time`.
    pub(super) fn accept(
        submission: Submission,
        now: Now,
        run_time: Duration,
        [id, prompt_id]: [String; 2],
        runner_id: Option<String>,
    ) -> Self {
        Self {
            id,
            prompt_id,
            runner_id,
            run: Run::new(run_time, failing_node(&submission.graph).is_some()),
            submission,
            accepted: now.instant,
            created: now.wall_clock,
        }
    }

    /// What it was made of.
    pub(super) fn submission(&self) -> &Submission {
        &self.submission
    }

    /// Cancels the run; its status if that does not allow it.
    pub(super) fn cancel(&mut self, now: Now) -> Result<(), Status> {
        let age = self.age(now);
        if self.run.cancel(age) {
            Ok(())
        } else {
            Err(self.run.status(age))
        }
    }

    fn age(&self, now: Now) -> Duration {
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
        failed
            .then(|| failing_node(&self.submission.graph))
            .flatten()
    }

    pub(super) fn summary(&self, now: Now) -> Value {
        json!({
            "id": self.id,
            "name": self.submission.name,
            "status": self.status(now).name(),
            "tags": self.submission.tags,
            "created_at": timestamp(self.created),
            "updated_at": timestamp(self.created + self.run.since(self.age(now))),
            "started_at": self.started(now),
            "completed_at": self.ended(now),
        })
    }

    pub(super) fn detail(&self, now: Now, user_id: &str) -> Value {
        let prompt_id = self.prompt_id(now);
        let failed = self.failed_node(now);
        let mut detail = self.summary(now);
        let more = json!({
            "user_id": user_id,
            "user_runner_id": prompt_id.and(self.runner_id.as_ref()),
            "managed_runner_id": null,
            "workflow_json": self.submission.graph,
            "workflow_params": self.submission.params,
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

/// The node by which a graph asks to fail: one of class `EmulatedFailure`.
fn failing_node(graph: &Map<String, Value>) -> Option<&str> {
    let mut nodes = graph.iter();
    let failing = nodes.find(|(_, node)| node["class_type"] == FAILING_CLASS);
    failing.map(|(id, _)| id.as_str())
}

const FAILING_CLASS: &str = "EmulatedFailure";
pub(super) const EXCEPTION: &str = "EmulatedError";
pub(super) const EXCEPTION_MESSAGE: &str = "the graph asked to fail";
