//! What a route gives back when all is well.

use http::StatusCode;
use serde_json::Value;

use super::payload::Subscription;

pub(super) enum Success {
    Empty,
    Json(StatusCode, Value),
    /// JSON as text.
    Text(StatusCode, String),
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

/// This JSON object with one more member, whose value is JSON text already.
pub(super) fn with_text(object: &Value, key: &str, text: &str) -> String {
    let mut whole = object.to_string();
    whole.pop();
    whole.push_str(&format!(",{}:", Value::from(key)));
    whole.push_str(text);
    whole.push('}');
    whole
}
