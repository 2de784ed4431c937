//! Every form of a 429.

use comfycontrol::api_error::ApiErrorKind::*;
use comfycontrol::api_error::RetryClass::NeverApplied;
use comfycontrol::api_error::ServedBy::*;
use comfycontrol_emulator::{RetryAfter, Shape, Throttled};

use super::{Example, HTML, JSON, PROBLEM, Response, TEXT, TYPED_JSON};

pub(super) fn examples() -> Vec<Example> {
    let limited = (429, Throttled, NeverApplied, Edge);
    let throttled = |throttled| Response::Shape(Shape::Throttled(throttled));
    vec![
        Example::new(
            "the rule's own JSON",
            throttled(Throttled::json()),
            limited,
            JSON,
            "Rate limit exceeded",
        ),
        Example::new(
            "the rule's own JSON with seconds",
            throttled(Throttled::json().retry_after(RetryAfter::Seconds)),
            limited,
            JSON,
            "Rate limit exceeded",
        )
        .wait(10),
        Example::new(
            "1015 as a problem, called JSON",
            throttled(Throttled::problem()),
            limited,
            JSON,
            "You are being rate limited",
        )
        .wait(10),
        Example::new(
            "1015 as a problem, called one",
            Response::Asked(PROBLEM, Shape::Throttled(Throttled::problem())),
            limited,
            PROBLEM,
            "You are being rate limited",
        )
        .wait(10),
        Example::new(
            "1015 as a problem, captured",
            Response::Raw(CAPTURED_HEADERS, CAPTURED_BODY),
            limited,
            "application/problem+json; charset=utf-8",
            "You are being rate-limited by the website owner's configuration.",
        )
        .wait(30),
        Example::new(
            "1015 as JSON with the wait in the body alone",
            Response::Raw(TYPED_JSON, CAPTURED_BODY),
            limited,
            JSON,
            "You are being rate-limited",
        )
        .wait(30),
        Example::new(
            "1015 as text",
            throttled(Throttled::text()),
            limited,
            TEXT,
            "error code: 1015",
        ),
        Example::new(
            "1015 as text, captured although JSON was asked for",
            Response::Raw(
                &[("content-type", TEXT), ("server", "cloudflare")],
                "error code: 1015\n",
            ),
            limited,
            TEXT,
            "error code: 1015",
        ),
        Example::new(
            "1015 as a page",
            throttled(Throttled::page()),
            limited,
            HTML,
            "Access denied |",
        ),
        Example::new(
            "1015 as a page to those who accept anything",
            Response::Asked("*/*", Shape::Throttled(Throttled::problem())),
            limited,
            HTML,
            "Access denied |",
        )
        .wait(10),
        Example::new(
            "nothing but the status",
            throttled(Throttled::empty()),
            limited,
            "",
            "Too Many Requests",
        ),
        Example::new(
            "a worker's text",
            Response::Raw(&[("content-type", "text/plain")], "slow down, please"),
            limited,
            "text/plain",
            "slow down, please",
        ),
        Example::new(
            "a date to wait for",
            Response::Raw(
                &[
                    ("date", "Fri, 31 Dec 1999 23:59:49 GMT"),
                    ("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"),
                ],
                "",
            ),
            limited,
            "",
            "Too Many Requests",
        )
        .wait(10),
        Example::new(
            "a wait that is none",
            Response::Raw(&[("retry-after", "1.5"), ("retry-after", "-3")], ""),
            limited,
            "",
            "Too Many Requests",
        ),
        Example::new(
            "limits that are no wait",
            Response::Raw(
                &[
                    ("ratelimit", "\"default\";r=50;t=30"),
                    ("ratelimit-policy", "\"default\";q=1200;w=300"),
                ],
                "",
            ),
            limited,
            "",
            "Too Many Requests",
        ),
    ]
}

const CAPTURED_HEADERS: &[(&str, &str)] = &[
    ("content-type", "application/problem+json; charset=utf-8"),
    ("retry-after", "30"),
    (
        "cache-control",
        "private, max-age=0, no-store, no-cache, must-revalidate, post-check=0, pre-check=0",
    ),
    ("expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "SAMEORIGIN"),
    ("server", "cloudflare"),
    ("cf-ray", "a288176dfd41b701-SJC"),
];
const CAPTURED_BODY: &str = r#"{"type":"https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1015/","title":"Error 1015: You are being rate limited","status":429,"detail":"You are being rate-limited by the website owner's configuration.","instance":"a28817ceee58faca","error_code":1015,"error_name":"rate_limited","error_category":"rate_limit","ray_id":"a28817ceee58faca","timestamp":"2026-08-09T16:21:17Z","zone":"blog.cloudflare.com","cloudflare_error":true,"retryable":true,"retry_after":30,"what_you_should_do":"**Wait and retry.** ...","owner_action_required":false,"footer":"..."}"#;
