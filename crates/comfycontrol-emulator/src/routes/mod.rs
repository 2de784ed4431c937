//! The documented endpoints, as far as examples need them.
//!
//! Pure: an answer is a function of the store, the head, the whole body and the time.

mod events;
mod multipart;
mod pagination;
mod run;
mod runner;
pub(crate) mod storage;
mod store;
mod template;
mod user;
mod workflow;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::Value;

pub(crate) use self::events::Events;
pub(crate) use self::store::{Api, Scenario};
use crate::Body;
use crate::exchange::{Exchange, api_error};
use crate::shared::{Now, Shared};

/// The API's answer.
pub(crate) fn answer(
    api: &mut Api,
    shared: &Arc<Shared>,
    now: Now,
    head: &Parts,
    body: Bytes,
    exchange: &Exchange,
) -> Response<Body> {
    match route(api, now, head, body) {
        Ok(Reply::Json(status, value)) => {
            exchange.response(status, "application/json", value.to_string())
        }
        Ok(Reply::Empty) => exchange.response(StatusCode::OK, "", Body::empty()),
        Ok(Reply::Subscription(id)) => {
            let events = Events::new(shared.clone(), id, api.scenario());
            exchange.response(StatusCode::OK, "text/event-stream", Body::events(events))
        }
        Err(Failure { status, message }) => {
            let body = api_error(status, &message);
            exchange.response(status, "application/json", body)
        }
    }
}

/// What a route gives back when all is well.
enum Reply {
    Empty,
    Json(StatusCode, Value),
    Subscription(String),
}

impl Reply {
    fn ok(value: Value) -> Self {
        Self::Json(StatusCode::OK, value)
    }

    fn created(value: Value) -> Self {
        Self::Json(StatusCode::CREATED, value)
    }
}

/// The API's documented error.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    fn not_found() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: "requested entity not found".to_owned(),
        }
    }

    fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            message: "method not allowed".to_owned(),
        }
    }
}

fn route(api: &mut Api, now: Now, head: &Parts, body: Bytes) -> Result<Reply, Failure> {
    let path = head
        .uri
        .path()
        .strip_prefix("/v1/")
        .ok_or_else(Failure::not_found)?;
    let segments: Vec<_> = path.split('/').collect();
    let get = head.method == Method::GET || head.method == Method::HEAD;
    let post = head.method == Method::POST;
    match segments[..] {
        ["user"] if get => Ok(user::show(api)),
        ["runner"] if get => runner::list(api, head),
        ["runner"] if post => runner::create(api, now, &body),
        ["runner", id] if get => runner::show(api, id),
        ["workflow"] if get => workflow::list(api, now, head),
        ["workflow"] if post => workflow::create(api, now, head, body),
        ["workflow", id] if get => workflow::show(api, now, id),
        ["workflow", id, "rerun"] if post => workflow::rerun(api, now, id, head, body),
        ["workflow", id, "cancel"] if post => workflow::cancel(api, now, id),
        ["workflow", id, "outputs"] if get => workflow::outputs(api, now, id),
        ["workflow", id, "subscribe"] if get => workflow::subscribe(api, id),
        ["template"] if get => template::list(api, head),
        ["template"] if post => template::create(api, now, head, body),
        ["template", id] if get => template::show(api, id),
        ["user" | "runner" | "workflow" | "template"]
        | ["runner" | "workflow" | "template", _]
        | ["workflow", _, "rerun" | "cancel" | "outputs" | "subscribe"] => {
            Err(Failure::method_not_allowed())
        }
        _ => Err(Failure::not_found()),
    }
}
