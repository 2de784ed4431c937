//! `/v1/workflow`

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;

use crate::api::account::Account;
use crate::api::error::ApiError;
use crate::api::event_fault::EventFault;
use crate::api::list_fault::ListFault;
use crate::api::multipart::{self, json_file, parts, required};
use crate::api::outputs;
use crate::api::pagination::{page, parameter};
use crate::api::params::Params;
use crate::api::payload::Subscription;
use crate::api::run::Status;
use crate::api::success::Success;
use crate::api::workflow::{Submission, Workflow};
use crate::clock::Now;

/// `POST /v1/workflow`
pub(in crate::api) fn create(
    account: &mut Account,
    now: Now,
    head: &Parts,
    body: Bytes,
) -> Result<Success, ApiError> {
    let parts = parts(head, body)?;
    let tags = multipart::text(&parts, "tags")?.unwrap_or_default();
    let tags = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
    if tags.clone().count() > MAX_TAGS {
        let message = format!("at most {MAX_TAGS} tags are allowed");
        return Err(ApiError::bad_request(message));
    }
    let submission = Submission {
        name: required(&parts, "name", 200)?,
        tags: tags.map(str::to_owned).collect(),
        graph: json_file(&parts, "workflow_json")?,
        params: Params::read(&parts)?,
    };
    let bytes = submission.bytes();
    start(account, now, submission, bytes)
}

/// `POST /v1/workflow/{id}/rerun`; parameters that are not given keep their values.
pub(in crate::api) fn rerun(
    account: &mut Account,
    now: Now,
    id: &str,
    head: &Parts,
    body: Bytes,
) -> Result<Success, ApiError> {
    let mut submission = account.workflows.find(id)?.submission().clone();
    let params = Params::read(&parts(head, body)?)?;
    // The text of the others is shared.
    let bytes = params.bytes();
    submission.params = submission.params.with(params)?;
    start(account, now, submission, bytes)
}

/// `GET /v1/workflow`; `total` is after the status filter.
pub(in crate::api) fn list(
    account: &mut Account,
    now: Now,
    head: &Parts,
    faults: &[ListFault],
) -> Result<Success, ApiError> {
    let status = parameter(head, "status");
    let wanted = |w: &&Workflow| status.as_deref().is_none_or(|s| s == w.status(now).name());
    let workflows = account.workflows.iter().filter(wanted);
    let page = page(head, faults, "workflows", workflows, |workflow| {
        workflow.summary(now)
    })?;
    for id in &page.leaving {
        account.workflows.remove(id);
    }
    for _ in 0..page.coming {
        let like = account.workflows.newest();
        if let Some(submission) = like.map(|like| like.submission().clone()) {
            start(account, now, submission, 0)?;
        }
    }
    Ok(Success::ok(page.value))
}

/// `GET /v1/workflow/{id}`
pub(in crate::api) fn show(account: &Account, now: Now, id: &str) -> Result<Success, ApiError> {
    let shown = account.workflows.find(id)?.detail(now, &account.user_id);
    Ok(Success::Text(StatusCode::OK, shown))
}

/// `POST /v1/workflow/{id}/cancel`
pub(in crate::api) fn cancel(
    account: &mut Account,
    now: Now,
    id: &str,
) -> Result<Success, ApiError> {
    match account.workflows.find_mut(id)?.cancel(now) {
        Ok(()) => Ok(Success::Empty),
        Err(status) => Err(ApiError::bad_request(format!(
            "cannot cancel a workflow that is {}",
            status.name()
        ))),
    }
}

/// `GET /v1/workflow/{id}/outputs`
pub(in crate::api) fn outputs(account: &Account, now: Now, id: &str) -> Result<Success, ApiError> {
    let workflow = account.workflows.find(id)?;
    match workflow.status(now) {
        Status::Completed => Ok(Success::ok(outputs::list(account, now, id))),
        _ => Err(ApiError::not_found()),
    }
}

/// `GET /v1/workflow/{id}/subscribe`
pub(in crate::api) fn subscribe(
    account: &Account,
    id: &str,
    faults: &[EventFault],
) -> Result<Success, ApiError> {
    account.workflows.find(id)?;
    let scenario = account.scenario();
    Ok(Success::Subscription(Subscription {
        workflow_id: id.to_owned(),
        interval: scenario.sse_interval,
        max_events: scenario.max_sse_events,
        faults: faults.to_vec(),
    }))
}

/// Starts a workflow that adds so many bytes to what the account keeps.
fn start(
    account: &mut Account,
    now: Now,
    submission: Submission,
    bytes: usize,
) -> Result<Success, ApiError> {
    account.room_for(bytes)?;
    let ids = [account.next_id(), account.next_id()];
    let place = account.next_place();
    let run_time = account.scenario().run_time;
    let workflow = Workflow::accept(submission, now, run_time, ids, place, bytes);
    let shown = workflow.summary(now);
    account.workflows.add(workflow);
    Ok(Success::created(shown))
}

/// Tags of one workflow.
const MAX_TAGS: usize = 100;
