//! The edge's other responses.

use comfycontrol::api_error::ApiErrorKind::*;
use comfycontrol::api_error::RetryClass::{NeverApplied, Permanent};
use comfycontrol::api_error::ServedBy::*;
use comfycontrol_emulator::Shape;
use http::StatusCode;

use super::{Example, HTML, JSON, Response, TEXT, TYPED_JSON, TYPED_TEXT, UNKNOWN};

pub(super) fn examples() -> Vec<Example> {
    let blocked = (403, Blocked, Permanent, Edge);
    let gateway = |status, served_by| (status, Gateway, UNKNOWN, served_by);
    let mut edge = vec![
        Example::new(
            "a challenge",
            Response::Shape(Shape::Challenge),
            (403, Challenge, Permanent, Edge),
            HTML,
            "Just a moment...",
        ),
        Example::new(
            "a firewall rule",
            Response::Shape(Shape::WafBlock),
            blocked,
            JSON,
            "Access denied",
        ),
        Example::new(
            "a firewall rule, known by its name",
            Response::Raw(
                TYPED_JSON,
                r#"{"title":"Access denied","error_name":"firewall_rule_blocked","error_category":"access_denied","retryable":false}"#,
            ),
            blocked,
            JSON,
            "Access denied",
        ),
        Example::new(
            "a body too large",
            Response::Shape(Shape::PayloadTooLarge),
            (413, ContentTooLarge, Permanent, Unknown),
            "text/html",
            "413 Payload Too Large",
        ),
        Example::new(
            "a body too large, in words",
            Response::Raw(&[("content-type", "text/plain")], "body too large\n"),
            (413, ContentTooLarge, Permanent, Unknown),
            "text/plain",
            "body too large",
        ),
        Example::new(
            "a URI too long",
            Response::Shape(Shape::UriTooLong),
            (414, UriTooLong, Permanent, Unknown),
            "text/html",
            "414 URI Too Long",
        ),
        Example::new(
            "headers too large",
            Response::Shape(Shape::HeadersTooLarge),
            (431, HeadersTooLarge, Permanent, Unknown),
            "text/html",
            "431 Request Header Fields Too Large",
        ),
        Example::new(
            "headers too large, by the edge's number",
            Response::Raw(
                &[("content-type", TEXT), ("retry-after", "60")],
                "error code: 1038\n",
            ),
            (400, HeadersTooLarge, Permanent, Edge),
            TEXT,
            "error code: 1038",
        )
        .wait(60),
        Example::new(
            "headers too large, taken for the body",
            Response::Raw(TYPED_TEXT, "error code: 1038\n"),
            (413, HeadersTooLarge, Permanent, Edge),
            TEXT,
            "error code: 1038",
        ),
        Example::new(
            "502 as text",
            Response::Shape(Shape::BadGateway),
            gateway(502, Edge),
            TEXT,
            "error code: 502",
        ),
        Example::new(
            "502 as a page",
            Response::Shape(Shape::BadGatewayPage),
            gateway(502, Unknown),
            HTML,
            "",
        ),
        Example::new(
            "502 as a page that names its maker",
            Response::Raw(
                &[("content-type", HTML), ("cf-error-type", "5xx")],
                "<!DOCTYPE html><title>502: Bad gateway</title>",
            ),
            gateway(502, Edge),
            HTML,
            "502: Bad gateway",
        ),
        Example::new(
            "504 as text",
            Response::Shape(Shape::GatewayTimeout),
            gateway(504, Edge),
            TEXT,
            "error code: 504",
        ),
        Example::new(
            "504 as a page",
            Response::Shape(Shape::GatewayTimeoutPage),
            gateway(504, Unknown),
            HTML,
            "",
        ),
        Example::new(
            "503 as a page of the edge's own server",
            Response::Shape(Shape::Unavailable),
            (503, Unavailable, UNKNOWN, Unknown),
            "text/html",
            "503 Service Unavailable",
        ),
        Example::new(
            "503 with a wait",
            Response::Raw(&[("retry-after", "5")], ""),
            (503, Unavailable, UNKNOWN, Unknown),
            "",
            "Service Unavailable",
        )
        .wait(5),
    ];
    for (name, code) in [
        ("1006", "error code: 1006"),
        ("1007", "error code: 1007"),
        ("1008", "error code: 1008"),
        ("1010", "error code: 1010"),
    ] {
        let response = Response::Raw(TYPED_TEXT, code);
        edge.push(Example::new(name, response, blocked, TEXT, code));
    }
    for (name, status, code) in [
        ("409 with 1016", 409, "error code: 1016"),
        ("409 with 1033", 409, "error code: 1033"),
        ("530 with 1016", 530, "error code: 1016"),
        ("530 with 1033", 530, "error code: 1033"),
    ] {
        let meaning = (status, OriginUnreachable, NeverApplied, Edge);
        let response = Response::Raw(TYPED_TEXT, code);
        edge.push(Example::new(name, response, meaning, TEXT, code));
    }
    edge
}

pub(super) fn structured() -> Vec<Example> {
    let rows = [
        ("500, structured", 500, Internal, UNKNOWN, Some(30)),
        ("502, structured", 502, Gateway, UNKNOWN, Some(60)),
        ("504, structured", 504, Gateway, UNKNOWN, Some(120)),
        ("520, structured", 520, OriginBadResponse, UNKNOWN, Some(60)),
        ("521", 521, OriginUnreachable, NeverApplied, Some(120)),
        ("522", 522, OriginUnreachable, UNKNOWN, Some(120)),
        ("523", 523, OriginUnreachable, NeverApplied, Some(120)),
        ("524, structured", 524, OriginTimeout, UNKNOWN, Some(120)),
        ("525", 525, OriginUnreachable, Permanent, None),
        ("526", 526, OriginUnreachable, Permanent, None),
    ];
    let rows = rows.map(|(name, status, kind, class, wait)| {
        let response = Response::Shape(Shape::Structured(StatusCode::from_u16(status).unwrap()));
        let example = Example::new(name, response, (status, kind, class, Edge), JSON, "");
        Example { wait, ..example }
    });
    rows.into()
}
