//! `/v1/workflow`

use bytes::Bytes;
use http::request::Parts;

use crate::api::account::Account;
use crate::api::error::ApiError;
use crate::api::event_fault::EventFault;
use crate::api::list_fault::ListFault;
use crate::api::multipart::{self, Part, json_file, parts, required};
use crate::api::outputs;
use crate::api::pagination::{page, parameter};
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
    let submission = Submission {
        name: required(&parts, "name", 200)?,
        tags: tags.map(str::to_owned).collect(),
        graph: json_file(&parts, "workflow_json")?,
        params: params(&parts)?,
    };
    Ok(start(account, now, submission))
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
    for (name, value) in params(&parts(head, body)?)? {
        match submission
            .params
            .iter_mut()
            .find(|(known, _)| *known == name)
        {
            Some(known) => known.1 = value,
            None => submission.params.push((name, value)),
        }
    }
    Ok(start(account, now, submission))
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
            start(account, now, submission);
        }
    }
    Ok(Success::ok(page.value))
}

/// `GET /v1/workflow/{id}`
pub(in crate::api) fn show(account: &Account, now: Now, id: &str) -> Result<Success, ApiError> {
    Ok(Success::ok(
        account.workflows.find(id)?.detail(now, &account.user_id),
    ))
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

fn start(account: &mut Account, now: Now, submission: Submission) -> Success {
    let ids = [account.next_id(), account.next_id()];
    let runner_id = account.runners.newest().map(|runner| runner.id.clone());
    let run_time = account.scenario().run_time;
    let workflow = Workflow::accept(submission, now, run_time, ids, runner_id);
    let shown = workflow.summary(now);
    account.workflows.add(workflow);
    Success::created(shown)
}

/// The dynamic parts, named as in the graph: `$key` text or file, `#key` choice.
fn params(parts: &[Part]) -> Result<Vec<(String, String)>, ApiError> {
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

fn value(parts: &[Part], part: &Part) -> Result<String, ApiError> {
    Ok(multipart::text(parts, &part.name)?.unwrap_or_default())
}
