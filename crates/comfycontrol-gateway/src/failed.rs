//! What a caller is told when its call has failed.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::api_error::ApiError;
use comfycontrol::rate_limit::Rejected;
use comfycontrol::{Error, ErrorKind};
use comfycontrol_core::mask_secrets;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
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
    let replaced = may_show_secret(&error).then(|| in_place_of(&error));
    // What was not kept, or did not come, must not look whole.
    let is_cut = error.is_body_truncated() || error.body_error().is_some();
    let (parts, body): (_, Bytes) = error.into_response().into_parts();
    let mut response = Response::new(());
    *response.status_mut() = parts.status;
    *response.headers_mut() = parts.headers;
    let headers = response.headers_mut();
    head::keep_for_caller(headers);
    if parts.status == StatusCode::TOO_MANY_REQUESTS && !headers.contains_key(RETRY_AFTER) {
        headers.insert(RETRY_AFTER, seconds(wait).into());
    }
    if let Some(own) = replaced {
        head::describe_anew(headers);
        let (head, body) = own.into_parts();
        headers.extend(head.headers);
        return response.map(|()| GatewayBody::bytes(body, false));
    }
    if !body.is_empty() && !is_cut {
        // That of the bytes that follow, decoded or not.
        headers.remove(CONTENT_LENGTH);
    }
    response.map(|()| GatewayBody::bytes(body, is_cut))
}

/// Whether the body says a token back, or cannot be read for one: a caller that names the codings
/// it accepts is sent them as they are, and an API that fails may send others.
fn may_show_secret(error: &ApiError) -> bool {
    let body = error.body();
    let shows = || matches!(mask_secrets(&String::from_utf8_lossy(body)), Cow::Owned(_));
    !body.is_empty() && (head::has_coding(error.headers()) || shows())
}

/// In place of a body that may say a token back: callers have none, and are to learn of none.
fn in_place_of(error: &ApiError) -> Response<Bytes> {
    let message = mask_secrets(error.message()).into_owned();
    Refusal::new(error.status(), message).into_response()
}
