//! Bodies that no server sends on purpose.

use comfycontrol::api_error::ApiErrorKind::*;
use comfycontrol::api_error::RetryClass::Permanent;
use comfycontrol::api_error::ServedBy::*;
use comfycontrol_emulator::{Garbage, Shape};

use super::{Example, HTML, JSON, Response, UNKNOWN};

pub(super) fn examples() -> Vec<Example> {
    let rows = [
        (
            "an array",
            Garbage::Array,
            (400, BadRequest, Permanent, Unknown),
            JSON,
            r#"[{"status":400,"#,
        ),
        (
            "a byte order mark",
            Garbage::ByteOrderMark,
            (404, NotFound, Permanent, Api),
            JSON,
            "requested entity not found",
        ),
        (
            "names that come twice",
            Garbage::DuplicateKeys,
            (400, BadRequest, Permanent, Api),
            JSON,
            "second",
        ),
        (
            "an empty body",
            Garbage::Empty,
            (503, Unavailable, UNKNOWN, Unknown),
            "",
            "Service Unavailable",
        ),
        (
            "a gzip bomb",
            Garbage::GzipBomb,
            (500, Internal, UNKNOWN, Unknown),
            JSON,
            "\\u{0}",
        ),
        (
            "ten mebibytes",
            Garbage::Huge,
            (500, Internal, UNKNOWN, Unknown),
            JSON,
            r#"{"status":500,"message":"xxx"#,
        ),
        (
            "bytes that are not UTF-8",
            Garbage::InvalidUtf8,
            (400, BadRequest, Permanent, Api),
            JSON,
            "\u{fffd}( \u{fffd}\u{fffd}",
        ),
        (
            "arrays in arrays",
            Garbage::Nested,
            (400, BadRequest, Permanent, Unknown),
            JSON,
            "[[[[",
        ),
        (
            "numbers as texts, and texts as numbers",
            Garbage::NumbersAsStrings,
            (404, NotFound, Permanent, Unknown),
            JSON,
            r#"{"status":"404","message":404}"#,
        ),
        (
            "a status of its own",
            Garbage::StatusDiffers,
            (403, Forbidden, Permanent, Api),
            JSON,
            "requested entity not found",
        ),
        (
            "half a body",
            Garbage::Truncated,
            (404, NotFound, Permanent, Unknown),
            JSON,
            r#"{"status":404,"#,
        ),
        (
            "JSON that is called a page",
            Garbage::WrongContentType,
            (401, InvalidToken, Permanent, Api),
            HTML,
            "Invalid token",
        ),
    ];
    let rows = rows.map(|(name, garbage, meaning, content_type, says)| {
        let response = Response::Shape(Shape::Garbage(garbage));
        Example::new(name, response, meaning, content_type, says)
    });
    rows.into()
}
