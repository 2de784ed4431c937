//! What a caller is told when its call has failed.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::api_error::ApiError;
use comfycontrol::rate_limit::Rejected;
use comfycontrol::{Error, ErrorKind};
use comfycontrol_core::mask_secrets;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::body::GatewayBody;
use crate::head;
use crate::refusal::{Refusal, seconds};

/// The response of the API as it came, if there was one; else the gateway's own. `wait` is how long
/// it takes, as far as is known, until another call could leave.
pub(crate) fn response(error: &Error, wait: Duration) -> Result<Response<GatewayBody>, Refusal> {
    if let Some(error) = error.as_api() {
        return Ok(of_api(error.clone(), wait));
    }
    let message = error.to_string();
    Err(match error.kind() {
        ErrorKind::Rejected => {
            let known = error.as_cause().and_then(Rejected::wait);
            Refusal::unavailable(message, known.unwrap_or(wait).max(wait))
        }
        ErrorKind::Request => Refusal::new(StatusCode::BAD_REQUEST, message),
        ErrorKind::TimedOut => Refusal::new(StatusCode::GATEWAY_TIMEOUT, message),
        _ => Refusal::new(StatusCode::BAD_GATEWAY, message),
    })
}

fn of_api(error: ApiError, wait: Duration) -> Response<GatewayBody> {
    if let Cow::Owned(_) = mask_secrets(&String::from_utf8_lossy(error.body())) {
        return without_secret(&error, wait);
    }
    // What was not kept, or did not come, must not look whole.
    let is_cut = error.is_body_truncated() || error.body_error().is_some();
    let (parts, body): (_, Bytes) = error.into_response().into_parts();
    let mut response = Response::new(());
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    let headers = response.headers_mut();
    head::keep_for_caller(headers);
    if !body.is_empty() && !is_cut {
        // That of the bytes that follow, decoded or not.
        headers.remove(CONTENT_LENGTH);
    }
    if parts.status == StatusCode::TOO_MANY_REQUESTS && !headers.contains_key(RETRY_AFTER) {
        headers.insert(RETRY_AFTER, seconds(wait).into());
    }
    response.map(|()| GatewayBody::bytes(body, is_cut))
}

/// In place of a body that says a token back: callers have none, and are to learn of none.
fn without_secret(error: &ApiError, wait: Duration) -> Response<GatewayBody> {
    let message = mask_secrets(error.message()).into_owned();
    let (head, body) = Refusal::new(error.status(), message)
        .into_response()
        .into_parts();
    let mut response = Response::new(GatewayBody::bytes(body, false));
    *response.status_mut() = head.status;
    let headers = response.headers_mut();
    *headers = error.headers().clone();
    head::keep_for_caller(headers);
    for name in [CONTENT_ENCODING, CONTENT_LENGTH] {
        headers.remove(name);
    }
    headers.extend(head.headers);
    if head.status == StatusCode::TOO_MANY_REQUESTS && !headers.contains_key(RETRY_AFTER) {
        headers.insert(RETRY_AFTER, seconds(wait).into());
    }
    response
}
