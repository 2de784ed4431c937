//! `/v1/template`

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;

use crate::api::account::Account;
use crate::api::error::ApiError;
use crate::api::list_fault::ListFault;
use crate::api::multipart::{json_file, parts, required};
use crate::api::pagination::page;
use crate::api::shelf::Kept;
use crate::api::success::Success;
use crate::api::template::Template;
use crate::clock::Now;

/// `POST /v1/template`
pub(in crate::api) fn create(
    account: &mut Account,
    now: Now,
    head: &Parts,
    body: Bytes,
) -> Result<Success, ApiError> {
    let parts = parts(head, body)?;
    let template = Template {
        id: account.next_id(),
        name: required(&parts, "name", 100)?,
        description: required(&parts, "description", 500)?,
        body: json_file(&parts, "body")?,
        created: now.wall_clock,
        updated: now.wall_clock,
    };
    account.room_for(template.bytes())?;
    let shown = template.detail(&account.user_id);
    account.templates.add(template);
    Ok(Success::Text(StatusCode::CREATED, shown))
}

/// `GET /v1/template`; items have no `body`.
pub(in crate::api) fn list(
    account: &mut Account,
    now: Now,
    head: &Parts,
    faults: &[ListFault],
) -> Result<Success, ApiError> {
    let templates = account.templates.iter();
    let page = page(head, faults, "templates", templates, |template| {
        template.summary(&account.user_id)
    })?;
    let coming = (0..page.coming).map(|_| account.next_id()).collect();
    account
        .templates
        .turn_over(&page.leaving, coming, |id, like| Template {
            id,
            created: now.wall_clock,
            updated: now.wall_clock,
            ..like
        });
    Ok(Success::ok(page.value))
}

/// `GET /v1/template/{id}`
pub(in crate::api) fn show(account: &Account, id: &str) -> Result<Success, ApiError> {
    let shown = account.templates.find(id)?.detail(&account.user_id);
    Ok(Success::Text(StatusCode::OK, shown))
}

/// `PUT /v1/template/{id}`; what is not given stays.
pub(in crate::api) fn update(
    account: &mut Account,
    now: Now,
    id: &str,
    head: &Parts,
    body: Bytes,
) -> Result<Success, ApiError> {
    let mut template = account.templates.find(id)?.clone();
    let before = template.bytes();
    let parts = parts(head, body)?;
    let given = |name: &str| parts.iter().any(|part| part.name == name);
    let name = given("name").then(|| required(&parts, "name", 100));
    let description = given("description").then(|| required(&parts, "description", 500));
    let graph = given("body").then(|| json_file(&parts, "body"));
    let (name, description) = (name.transpose()?, description.transpose()?);
    let graph = graph.transpose()?;

    template.name = name.unwrap_or(template.name);
    template.description = description.unwrap_or(template.description);
    template.body = graph.unwrap_or(template.body);
    template.updated = now.wall_clock;
    account.room_to_grow(before, template.bytes())?;
    let shown = template.detail(&account.user_id);
    account.templates.replace(template);
    Ok(Success::Text(StatusCode::OK, shown))
}
