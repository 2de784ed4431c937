//! `/v1/template`

use bytes::Bytes;
use http::request::Parts;

use crate::api::account::Account;
use crate::api::error::ApiError;
use crate::api::id;
use crate::api::multipart::{json_file, parts, required};
use crate::api::pagination::page;
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
    };
    let shown = template.detail(&account.user_id);
    account.templates.insert(0, template);
    Ok(Success::created(shown))
}

/// `GET /v1/template`; items have no `body`.
pub(in crate::api) fn list(account: &Account, head: &Parts) -> Result<Success, ApiError> {
    let templates = account.templates.iter();
    let page = page(head, "templates", templates, |template| {
        template.summary(&account.user_id)
    })?;
    Ok(Success::ok(page))
}

/// `GET /v1/template/{id}`
pub(in crate::api) fn show(account: &Account, id: &str) -> Result<Success, ApiError> {
    id::check(id)?;
    let template = account.templates.iter().find(|template| template.id == id);
    let template = template.ok_or_else(ApiError::not_found)?;
    Ok(Success::ok(template.detail(&account.user_id)))
}
