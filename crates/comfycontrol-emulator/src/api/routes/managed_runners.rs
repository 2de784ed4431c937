//! `/v1/managed-runner`

use http::request::Parts;

use super::runners::newest;
use crate::api::account::Account;
use crate::api::error::ApiError;
use crate::api::managed_runner::ManagedRunner;
use crate::api::pagination::page;
use crate::api::stats;
use crate::api::success::Success;
use crate::api::workflow::Place;
use crate::clock::Now;

/// `GET /v1/managed-runner`
pub(in crate::api) fn list(account: &Account, head: &Parts) -> Result<Success, ApiError> {
    let runners = account.managed_runners.iter();
    let page = page(head, &[], "runners", runners, ManagedRunner::show)?;
    Ok(Success::ok(page.value))
}

/// `GET /v1/managed-runner/{id}`
pub(in crate::api) fn show(account: &Account, id: &str) -> Result<Success, ApiError> {
    Ok(Success::ok(account.managed_runners.find(id)?.show()))
}

/// `GET /v1/managed-runner/{id}/stats`
pub(in crate::api) fn stats(account: &Account, id: &str) -> Result<Success, ApiError> {
    account.managed_runners.find(id)?;
    Ok(Success::ok(stats::show()))
}

/// `GET /v1/managed-runner/{id}/history`
pub(in crate::api) fn history(account: &Account, now: Now, id: &str) -> Result<Success, ApiError> {
    let place = Place::ManagedRunner(account.managed_runners.find(id)?.id.clone());
    Ok(Success::ok(newest(account, now, &place)))
}
