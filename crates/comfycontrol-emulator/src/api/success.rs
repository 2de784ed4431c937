//! What a route gives back when all is well.

use http::StatusCode;
use serde_json::Value;

use super::payload::Subscription;

pub(super) enum Success {
    Empty,
    Json(StatusCode, Value),
    Subscription(Subscription),
}

impl Success {
    pub(super) fn ok(value: Value) -> Self {
        Self::Json(StatusCode::OK, value)
    }

    pub(super) fn created(value: Value) -> Self {
        Self::Json(StatusCode::CREATED, value)
    }
}
