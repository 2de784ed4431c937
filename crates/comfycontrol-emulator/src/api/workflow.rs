//! A workflow, and how the API shows it.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::graph::Graph;
use super::params::Params;
use super::run::{Run, Status};
use super::shelf::Kept;
use super::success::with_text;
use crate::clock::Now;
use crate::timestamp::timestamp;

/// A graph that was handed in, and its run.
#[derive(Clone, Debug)]
pub(super) struct Workflow {
    id: String,
    submission: Submission,
    prompt_id: String,
    place: Option<Place>,
    /// What it adds to what the account keeps.
    bytes: usize,
    run: Run,
    accepted: Instant,
    created: SystemTime,
}

/// The runner that a workflow runs on, by its identifier.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    ManagedRunner(String),
    Runner(String),
}

/// What a client hands in.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) graph: Graph,
    pub(super) params: Params,
}

impl Submission {
    /// Bytes of its text.
    pub(super) fn bytes(&self) -> usize {
        self.graph.as_str().len() + self.params.bytes()
    }
}

impl Kept for Workflow {
    fn id(&self) -> &str {
        &self.id
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Workflow {
    /// A workflow that is accepted now and runs for `run_time`.
    pub(super) fn accept(
        submission: Submission,
        now: Now,
        run_time: Duration,
        [id, prompt_id]: [String; 2],
        place: Option<Place>,
        bytes: usize,
    ) -> Self {
        Self {
            id,
            prompt_id,
            place,
            bytes,
            run: Run::new(run_time, submission.graph.failing_node().is_some()),
            submission,
            accepted: now.instant,
            created: now.wall_clock,
        }
    }

    /// The runner it runs on, if there is one for it.
    pub(super) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
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
            .then(|| self.submission.graph.failing_node())
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

    /// All of it, as JSON text.
    pub(super) fn detail(&self, now: Now, user_id: &str) -> String {
        let prompt_id = self.prompt_id(now);
        let (runner, managed) = match prompt_id.and(self.place.as_ref()) {
            None => (None, None),
            Some(Place::Runner(id)) => (Some(id), None),
            Some(Place::ManagedRunner(id)) => (None, Some(id)),
        };
        let failed = self.failed_node(now);
        let mut detail = self.summary(now);
        let more = json!({
            "user_id": user_id,
            "user_runner_id": runner,
            "managed_runner_id": managed,
            "workflow_params": self.submission.params.iter().collect::<Vec<_>>(),
            "prompt_id": prompt_id,
            "queue_number": prompt_id.map(|_| 1),
            "error_node": failed,
            "exception_type": failed.map(|_| EXCEPTION),
            "exception_message": failed.map(|_| EXCEPTION_MESSAGE),
        });
        if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
            detail.extend(more);
        }
        with_text(&detail, "workflow_json", self.submission.graph.as_str())
    }
}

pub(super) const EXCEPTION: &str = "EmulatedError";
pub(super) const EXCEPTION_MESSAGE: &str = "the graph asked to fail";
