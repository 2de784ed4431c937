//! `/v1/runner`

use http::Uri;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::api::account::Account;
use crate::api::error::ApiError;
use crate::api::list_fault::ListFault;
use crate::api::pagination::{page, parameter};
use crate::api::run::Status;
use crate::api::runner::Runner;
use crate::api::shelf::Kept;
use crate::api::stats;
use crate::api::success::Success;
use crate::api::workflow::Place;
use crate::clock::Now;

/// `GET /v1/runner`; `total` is after the status filter.
pub(in crate::api) fn list(
    account: &mut Account,
    now: Now,
    head: &Parts,
    faults: &[ListFault],
) -> Result<Success, ApiError> {
    let status = parameter(head, "status");
    if !matches!(status.as_deref(), None | Some("active" | "disabled")) {
        return Err(ApiError::bad_request("invalid status"));
    }
    let wanted = |runner: &&Runner| status.as_deref().is_none_or(|s| s == runner.status());
    let runners = account.runners.iter().filter(wanted);
    let page = page(head, faults, "runners", runners, |runner| {
        runner.show(&account.user_id)
    })?;
    let coming = (0..page.coming).map(|_| account.next_id()).collect();
    account
        .runners
        .turn_over(&page.leaving, coming, |id, like| Runner {
            id,
            created: now.wall_clock,
            updated: now.wall_clock,
            ..like
        });
    Ok(Success::ok(page.value))
}

/// `GET /v1/runner/{id}`
pub(in crate::api) fn show(account: &Account, id: &str) -> Result<Success, ApiError> {
    Ok(Success::ok(
        account.runners.find(id)?.show(&account.user_id),
    ))
}

/// `POST /v1/runner`
pub(in crate::api) fn create(
    account: &mut Account,
    now: Now,
    body: &[u8],
) -> Result<Success, ApiError> {
    let fields = fields(body)?;
    let runner = Runner {
        id: account.next_id(),
        name: name(fields.get("name"))?,
        active: true,
        endpoint: endpoint(fields.get("endpoint"))?,
        tags: tags(fields.get("tags"))?,
        headers: headers(fields.get("headers"))?,
        created: now.wall_clock,
        updated: now.wall_clock,
    };
    account.room_for(runner.bytes())?;
    let shown = runner.show(&account.user_id);
    account.runners.add(runner);
    Ok(Success::created(shown))
}

/// `PUT /v1/runner/{id}`; what is not given stays.
pub(in crate::api) fn update(
    account: &mut Account,
    now: Now,
    id: &str,
    body: &[u8],
) -> Result<Success, ApiError> {
    let mut runner = account.runners.find(id)?.clone();
    let before = runner.bytes();
    let fields = fields(body)?;
    let given = |name| fields.get(name).filter(|field| !field.is_null());
    let name = given("name").map(|field| name(Some(field))).transpose()?;
    let endpoint = given("endpoint").map(|field| endpoint(Some(field)));
    let endpoint = endpoint.transpose()?;
    let tags = given("tags").map(|field| tags(Some(field))).transpose()?;
    let headers = given("headers").map(|field| headers(Some(field)));
    let headers = headers.transpose()?;
    let active = given("status").map(active).transpose()?;

    runner.name = name.unwrap_or(runner.name);
    runner.endpoint = endpoint.unwrap_or(runner.endpoint);
    runner.tags = tags.unwrap_or(runner.tags);
    runner.headers = headers.unwrap_or(runner.headers);
    runner.active = active.unwrap_or(runner.active);
    runner.updated = now.wall_clock;
    account.room_to_grow(before, runner.bytes())?;
    let shown = runner.show(&account.user_id);
    account.runners.replace(runner);
    Ok(Success::ok(shown))
}

/// `POST /v1/runner/{id}/interrupt`; what runs there is cancelled.
pub(in crate::api) fn interrupt(
    account: &mut Account,
    now: Now,
    id: &str,
) -> Result<Success, ApiError> {
    account.runners.find(id)?;
    let place = Place::Runner(id.to_owned());
    let running = account.workflows_of(&place);
    let running = running.filter(|workflow| workflow.status(now) == Status::Running);
    let running: Vec<_> = running.map(|workflow| workflow.id().to_owned()).collect();
    for id in running {
        // One that has just ended stays as it ended.
        let _ = account.workflows.find_mut(&id)?.cancel(now);
    }
    Ok(Success::Empty)
}

/// `GET /v1/runner/{id}/stats`
pub(in crate::api) fn stats(account: &Account, id: &str) -> Result<Success, ApiError> {
    account.runners.find(id)?;
    Ok(Success::ok(stats::show()))
}

/// `GET /v1/runner/{id}/history`
pub(in crate::api) fn history(account: &Account, now: Now, id: &str) -> Result<Success, ApiError> {
    account.runners.find(id)?;
    Ok(Success::ok(newest(
        account,
        now,
        &Place::Runner(id.to_owned()),
    )))
}

/// The 10 newest workflows of a place.
pub(super) fn newest(account: &Account, now: Now, place: &Place) -> Value {
    let workflows = account.workflows_of(place).take(10);
    workflows.map(|workflow| workflow.summary(now)).collect()
}

fn fields(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.len() > MAX_JSON {
        return Err(ApiError::too_large(MAX_JSON));
    }
    serde_json::from_slice(body).map_err(|_| ApiError::bad_request("invalid request body"))
}

fn active(field: &Value) -> Result<bool, ApiError> {
    match field.as_str() {
        Some("active") => Ok(true),
        Some("disabled") => Ok(false),
        _ => Err(ApiError::bad_request("invalid status")),
    }
}

fn name(field: Option<&Value>) -> Result<String, ApiError> {
    match field.and_then(Value::as_str) {
        None | Some("") => Err(ApiError::bad_request("name cannot be empty")),
        Some(name) if name.chars().count() > 100 => Err(ApiError::bad_request(
            "name cannot be longer than 100 characters",
        )),
        Some(name) => Ok(name.to_owned()),
    }
}

fn endpoint(field: Option<&Value>) -> Result<String, ApiError> {
    let text = field.and_then(Value::as_str).unwrap_or_default();
    let uri = text.parse::<Uri>().unwrap_or_default();
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    match uri.scheme_str() {
        Some("http" | "https") if has_host => Ok(text.to_owned()),
        _ => Err(ApiError::bad_request("invalid endpoint URL format")),
    }
}

fn tags(field: Option<&Value>) -> Result<Vec<String>, ApiError> {
    let Some(field) = field.filter(|field| !field.is_null()) else {
        return Ok(Vec::new());
    };
    let tags = field.as_array().and_then(|tags| {
        let tags = tags.iter().map(|tag| tag.as_str().map(str::to_owned));
        tags.collect::<Option<Vec<_>>>()
    });
    match tags {
        None => Err(ApiError::bad_request("tags must be an array of strings")),
        Some(tags) if tags.len() > 10 => Err(ApiError::bad_request("at most 10 tags are allowed")),
        Some(tags) => Ok(tags),
    }
}

fn headers(field: Option<&Value>) -> Result<Map<String, Value>, ApiError> {
    match field {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(headers)) if headers.values().all(Value::is_string) => {
            Ok(headers.clone())
        }
        Some(_) => Err(ApiError::bad_request(
            "headers must be an object of strings",
        )),
    }
}

/// A runner's JSON. Taken apart, text can take a hundred times its length.
const MAX_JSON: usize = 64 * 1024;
