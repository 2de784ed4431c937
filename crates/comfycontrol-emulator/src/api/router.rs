//! From the request's path and method to a route, and from its result to a response.

use bytes::Bytes;
use http::header::ETAG;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use super::account::Account;
use super::conditional::is_known;
use super::digest::digest;
use super::error::ApiError;
use super::faults::ApiFaults;
use super::payload::Payload;
use super::routes::{managed_runners, runners, templates, user, workflows};
use super::success::Success;
use crate::Body;
use crate::clock::Now;
use crate::responses::{Exchange, error_body};

/// The API's response.
pub(crate) fn respond(
    account: &mut Account,
    now: Now,
    head: &Parts,
    body: Bytes,
    exchange: &Exchange,
    faults: &ApiFaults,
) -> Response<Payload> {
    let whole = |response: Response<Body>| response.map(Payload::Body);
    match route(account, now, head, body, faults) {
        Ok(Success::Json(status, value)) => whole(json(status, value.to_string(), head, exchange)),
        Ok(Success::Text(status, text)) => whole(json(status, text, head, exchange)),
        Ok(Success::Empty) => whole(exchange.response(StatusCode::OK, "", Body::empty())),
        Ok(Success::Subscription(subscription)) => exchange
            .response(StatusCode::OK, "text/event-stream", Body::empty())
            .map(|_| Payload::Events(subscription)),
        Err(ApiError { status, message }) => {
            whole(exchange.response(status, JSON, error_body(status, &message)))
        }
    }
}

/// A success, or 304 if it is known already.
fn json(status: StatusCode, text: String, head: &Parts, exchange: &Exchange) -> Response<Body> {
    let etag = format!("W/\"{:032x}\"", digest(&text));
    let etag = HeaderValue::try_from(etag).expect("hexadecimal");
    let mut response = match status == StatusCode::OK && is_known(head, &etag) {
        true => exchange.response(StatusCode::NOT_MODIFIED, "", Body::empty()),
        false => exchange.response(status, JSON, text),
    };
    if head.method == Method::GET || head.method == Method::HEAD {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

fn route(
    account: &mut Account,
    now: Now,
    head: &Parts,
    body: Bytes,
    faults: &ApiFaults,
) -> Result<Success, ApiError> {
    let path = head
        .uri
        .path()
        .strip_prefix("/v1/")
        .ok_or_else(ApiError::not_found)?;
    let segments: Vec<_> = path.split('/').collect();
    let get = head.method == Method::GET || head.method == Method::HEAD;
    let post = head.method == Method::POST;
    let put = head.method == Method::PUT;
    match segments[..] {
        ["user"] if get => Ok(user::show(account)),
        ["runner"] if get => runners::list(account, now, head, &faults.lists),
        ["runner"] if post => runners::create(account, now, &body),
        ["runner", id] if get => runners::show(account, id),
        ["runner", id] if put => runners::update(account, now, id, &body),
        ["runner", id, "interrupt"] if post => runners::interrupt(account, now, id),
        ["runner", id, "stats"] if get => runners::stats(account, id),
        ["runner", id, "history"] if get => runners::history(account, now, id),
        ["managed-runner"] if get => managed_runners::list(account, head),
        ["managed-runner", id] if get => managed_runners::show(account, id),
        ["managed-runner", id, "stats"] if get => managed_runners::stats(account, id),
        ["managed-runner", id, "history"] if get => managed_runners::history(account, now, id),
        ["workflow"] if get => workflows::list(account, now, head, &faults.lists),
        ["workflow"] if post => workflows::create(account, now, head, body),
        ["workflow", id] if get => workflows::show(account, now, id),
        ["workflow", id, "rerun"] if post => workflows::rerun(account, now, id, head, body),
        ["workflow", id, "cancel"] if post => workflows::cancel(account, now, id),
        ["workflow", id, "outputs"] if get => workflows::outputs(account, now, id),
        ["workflow", id, "subscribe"] if get => workflows::subscribe(account, id, &faults.events),
        ["template"] if get => templates::list(account, now, head, &faults.lists),
        ["template"] if post => templates::create(account, now, head, body),
        ["template", id] if get => templates::show(account, id),
        ["template", id] if put => templates::update(account, now, id, head, body),
        ["user" | "runner" | "managed-runner" | "workflow" | "template"]
        | ["runner" | "managed-runner" | "workflow" | "template", _]
        | ["runner", _, "interrupt"]
        | ["runner" | "managed-runner", _, "stats" | "history"]
        | ["workflow", _, "rerun" | "cancel" | "outputs" | "subscribe"] => {
            Err(ApiError::method_not_allowed())
        }
        _ => Err(ApiError::not_found()),
    }
}

const JSON: &str = "application/json";
