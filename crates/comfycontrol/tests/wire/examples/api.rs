//! The API's own.

use comfycontrol::api_error::ApiErrorKind::*;
use comfycontrol::api_error::RetryClass::{NeverApplied, Permanent};
use comfycontrol::api_error::ServedBy::*;
use comfycontrol_emulator::Shape;
use http::StatusCode;

use super::{Example, JSON, Response, TYPED_JSON, UNKNOWN};

pub(super) fn examples() -> Vec<Example> {
    let emulated = [
        ("name cannot be empty", (400, BadRequest, Permanent, Api)),
        (
            "invalid endpoint URL format",
            (400, BadRequest, Permanent, Api),
        ),
        (
            "Missing authorization header",
            (401, MissingToken, Permanent, Api),
        ),
        ("Invalid token", (401, InvalidToken, Permanent, Api)),
        ("Token has expired", (401, TokenExpired, Permanent, Api)),
        (
            "Runner limit exceeded for your tier",
            (403, TierLimit, Permanent, Api),
        ),
        (
            "Managed runners require Pro or Plus tier",
            (403, TierLimit, Permanent, Api),
        ),
        ("Forbidden", (403, Forbidden, Permanent, Api)),
        (
            "requested entity not found",
            (404, NotFound, Permanent, Api),
        ),
        ("Rate limit exceeded", (429, Throttled, NeverApplied, Edge)),
        ("internal error", (500, Internal, UNKNOWN, Api)),
        ("service unavailable", (503, Unavailable, UNKNOWN, Api)),
    ];
    let emulated = emulated.map(|(message, meaning)| {
        let status = StatusCode::from_u16(meaning.0).unwrap();
        let shape = Shape::Api(status, message.to_owned());
        Example::new(message, Response::Shape(shape), meaning, JSON, message)
    });
    // As the pages print it.
    let printed = [
        (
            "the format of errors, as printed",
            "{\"status\": 404, \"message\": \"requested entity not found\"}",
            (404, NotFound, Permanent, Api),
            "requested entity not found",
        ),
        (
            "the limit's response, as printed",
            "{\n  \"status\": 429,\n  \"message\": \"Rate limit exceeded\"\n}\n",
            (429, Throttled, NeverApplied, Edge),
            "Rate limit exceeded",
        ),
        (
            "no token, as printed",
            "{\n  \"status\": 401,\n  \"message\": \"Missing authorization header\"\n}\n",
            (401, MissingToken, Permanent, Api),
            "Missing authorization header",
        ),
        (
            "a wrong token, as printed",
            "{\n  \"status\": 401,\n  \"message\": \"Invalid token\"\n}\n",
            (401, InvalidToken, Permanent, Api),
            "Invalid token",
        ),
        (
            "an expired token, as printed",
            "{\n  \"status\": 401,\n  \"message\": \"Token has expired\"\n}\n",
            (401, TokenExpired, Permanent, Api),
            "Token has expired",
        ),
    ];
    let printed = printed.map(|(name, body, meaning, says)| {
        Example::new(name, Response::Raw(TYPED_JSON, body), meaning, JSON, says)
    });
    emulated.into_iter().chain(printed).collect()
}
