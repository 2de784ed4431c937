//! Each reply that is documented or has been seen, and what a caller is to learn from it.

use comfycontrol::api_error::ApiErrorKind::{self as Kind, *};
use comfycontrol::api_error::Responder::{self, *};
use comfycontrol::api_error::RetryClass::{self as Class, NeverApplied, Permanent};
use comfycontrol_emulator::{Garbage, Refusal, RetryAfter, Shape};
use http::StatusCode;

pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) reply: Reply,
    pub(crate) status: u16,
    pub(crate) kind: Kind,
    pub(crate) class: Class,
    pub(crate) responder: Responder,
    /// What the server asks to wait, in seconds.
    pub(crate) wait: Option<u64>,
    pub(crate) content_type: Option<&'static str>,
    /// How the message begins.
    pub(crate) says: &'static str,
}

pub(crate) enum Reply {
    /// The emulator's.
    Shape(Shape),
    /// The emulator's, to a request with this `accept`.
    Asked(&'static str, Shape),
    /// Header fields and a body, byte for byte.
    Raw(&'static [(&'static str, &'static str)], &'static str),
}

type Meaning = (u16, Kind, Class, Responder);

impl Example {
    fn new(
        name: &'static str,
        reply: Reply,
        (status, kind, class, responder): Meaning,
        content_type: &'static str,
        says: &'static str,
    ) -> Self {
        Self {
            name,
            reply,
            status,
            kind,
            class,
            responder,
            wait: None,
            content_type: Some(content_type).filter(|kind| !kind.is_empty()),
            says,
        }
    }

    fn wait(self, seconds: u64) -> Self {
        Self {
            wait: Some(seconds),
            ..self
        }
    }

    pub(crate) fn is_larger_than_the_cap(&self) -> bool {
        matches!(
            self.reply,
            Reply::Shape(Shape::Garbage(
                Garbage::GzipBomb | Garbage::Huge | Garbage::Nested
            ))
        )
    }
}

pub(crate) fn all() -> Vec<Example> {
    [
        api(),
        too_many_requests(),
        edge(),
        structured(),
        odd_bodies(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

// === the API's own ===

fn api() -> Vec<Example> {
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
        (
            "Rate limit exceeded",
            (429, RateLimited, NeverApplied, Edge),
        ),
        ("internal error", (500, Internal, UNKNOWN, Api)),
        ("service unavailable", (503, Unavailable, UNKNOWN, Api)),
    ];
    let emulated = emulated.map(|(message, meaning)| {
        let status = StatusCode::from_u16(meaning.0).unwrap();
        let shape = Shape::Api(status, message.to_owned());
        Example::new(message, Reply::Shape(shape), meaning, JSON, message)
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
            "the limit's answer, as printed",
            "{\n  \"status\": 429,\n  \"message\": \"Rate limit exceeded\"\n}\n",
            (429, RateLimited, NeverApplied, Edge),
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
        Example::new(name, Reply::Raw(TYPED_JSON, body), meaning, JSON, says)
    });
    emulated.into_iter().chain(printed).collect()
}

// === 429 ===

fn too_many_requests() -> Vec<Example> {
    let limited = (429, RateLimited, NeverApplied, Edge);
    let refusal = |refusal| Reply::Shape(Shape::RateLimited(refusal));
    vec![
        Example::new(
            "the rule's own JSON",
            refusal(Refusal::json()),
            limited,
            JSON,
            "Rate limit exceeded",
        ),
        Example::new(
            "the rule's own JSON with seconds",
            refusal(Refusal::json().retry_after(RetryAfter::Seconds)),
            limited,
            JSON,
            "Rate limit exceeded",
        )
        .wait(10),
        Example::new(
            "1015 as a problem, called JSON",
            refusal(Refusal::problem()),
            limited,
            JSON,
            "You are being rate limited",
        )
        .wait(10),
        Example::new(
            "1015 as a problem, called one",
            Reply::Asked(PROBLEM, Shape::RateLimited(Refusal::problem())),
            limited,
            PROBLEM,
            "You are being rate limited",
        )
        .wait(10),
        Example::new(
            "1015 as a problem, captured",
            Reply::Raw(CAPTURED_HEADERS, CAPTURED_BODY),
            limited,
            "application/problem+json; charset=utf-8",
            "You are being rate-limited by the website owner's configuration.",
        )
        .wait(30),
        Example::new(
            "1015 as JSON with the wait in the body alone",
            Reply::Raw(TYPED_JSON, CAPTURED_BODY),
            limited,
            JSON,
            "You are being rate-limited",
        )
        .wait(30),
        Example::new(
            "1015 as text",
            refusal(Refusal::text()),
            limited,
            TEXT,
            "error code: 1015",
        ),
        Example::new(
            "1015 as text, captured although JSON was asked for",
            Reply::Raw(
                &[("content-type", TEXT), ("server", "cloudflare")],
                "error code: 1015\n",
            ),
            limited,
            TEXT,
            "error code: 1015",
        ),
        Example::new(
            "1015 as a page",
            refusal(Refusal::page()),
            limited,
            HTML,
            "Access denied |",
        ),
        Example::new(
            "1015 as a page to those who accept anything",
            Reply::Asked("*/*", Shape::RateLimited(Refusal::problem())),
            limited,
            HTML,
            "Access denied |",
        )
        .wait(10),
        Example::new(
            "nothing but the status",
            refusal(Refusal::empty()),
            limited,
            "",
            "Too Many Requests",
        ),
        Example::new(
            "a worker's text",
            Reply::Raw(&[("content-type", "text/plain")], "slow down, please"),
            limited,
            "text/plain",
            "slow down, please",
        ),
        Example::new(
            "a date to wait for",
            Reply::Raw(
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
            Reply::Raw(&[("retry-after", "1.5"), ("retry-after", "-3")], ""),
            limited,
            "",
            "Too Many Requests",
        ),
        Example::new(
            "limits that are no wait",
            Reply::Raw(
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

// === the edge's other answers ===

fn edge() -> Vec<Example> {
    let blocked = (403, Blocked, Permanent, Edge);
    let gateway = |status, responder| (status, Gateway, UNKNOWN, responder);
    let mut edge = vec![
        Example::new(
            "a challenge",
            Reply::Shape(Shape::Challenge),
            (403, Challenge, Permanent, Edge),
            HTML,
            "Just a moment...",
        ),
        Example::new(
            "a firewall rule",
            Reply::Shape(Shape::WafBlock),
            blocked,
            JSON,
            "Access denied",
        ),
        Example::new(
            "a firewall rule, known by its name",
            Reply::Raw(
                TYPED_JSON,
                r#"{"title":"Access denied","error_name":"firewall_rule_blocked","error_category":"access_denied","retryable":false}"#,
            ),
            blocked,
            JSON,
            "Access denied",
        ),
        Example::new(
            "a body too large",
            Reply::Shape(Shape::PayloadTooLarge),
            (413, ContentTooLarge, Permanent, Unknown),
            "text/html",
            "413 Payload Too Large",
        ),
        Example::new(
            "a body too large, in words",
            Reply::Raw(&[("content-type", "text/plain")], "body too large\n"),
            (413, ContentTooLarge, Permanent, Unknown),
            "text/plain",
            "body too large",
        ),
        Example::new(
            "a URI too long",
            Reply::Shape(Shape::UriTooLong),
            (414, UriTooLong, Permanent, Unknown),
            "text/html",
            "414 URI Too Long",
        ),
        Example::new(
            "headers too large",
            Reply::Shape(Shape::HeadersTooLarge),
            (431, HeadersTooLarge, Permanent, Unknown),
            "text/html",
            "431 Request Header Fields Too Large",
        ),
        Example::new(
            "headers too large, by the edge's number",
            Reply::Raw(
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
            Reply::Raw(TYPED_TEXT, "error code: 1038\n"),
            (413, HeadersTooLarge, Permanent, Edge),
            TEXT,
            "error code: 1038",
        ),
        Example::new(
            "502 as text",
            Reply::Shape(Shape::BadGateway),
            gateway(502, Edge),
            TEXT,
            "error code: 502",
        ),
        Example::new(
            "502 as a page",
            Reply::Shape(Shape::BadGatewayPage),
            gateway(502, Unknown),
            HTML,
            "",
        ),
        Example::new(
            "502 as a page that names its maker",
            Reply::Raw(
                &[("content-type", HTML), ("cf-error-type", "5xx")],
                "<!DOCTYPE html><title>502: Bad gateway</title>",
            ),
            gateway(502, Edge),
            HTML,
            "502: Bad gateway",
        ),
        Example::new(
            "504 as text",
            Reply::Shape(Shape::GatewayTimeout),
            gateway(504, Edge),
            TEXT,
            "error code: 504",
        ),
        Example::new(
            "504 as a page",
            Reply::Shape(Shape::GatewayTimeoutPage),
            gateway(504, Unknown),
            HTML,
            "",
        ),
        Example::new(
            "503 as a page of the edge's own server",
            Reply::Shape(Shape::Unavailable),
            (503, Unavailable, UNKNOWN, Unknown),
            "text/html",
            "503 Service Unavailable",
        ),
        Example::new(
            "503 with a wait",
            Reply::Raw(&[("retry-after", "5")], ""),
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
        let reply = Reply::Raw(TYPED_TEXT, code);
        edge.push(Example::new(name, reply, blocked, TEXT, code));
    }
    for (name, status, code) in [
        ("409 with 1016", 409, "error code: 1016"),
        ("409 with 1033", 409, "error code: 1033"),
        ("530 with 1016", 530, "error code: 1016"),
        ("530 with 1033", 530, "error code: 1033"),
    ] {
        let meaning = (status, OriginUnreachable, NeverApplied, Edge);
        let reply = Reply::Raw(TYPED_TEXT, code);
        edge.push(Example::new(name, reply, meaning, TEXT, code));
    }
    edge
}

fn structured() -> Vec<Example> {
    let rows = [
        ("500, structured", 500, Internal, UNKNOWN, Some(30)),
        ("502, structured", 502, Gateway, UNKNOWN, Some(60)),
        ("504, structured", 504, Gateway, UNKNOWN, Some(120)),
        ("520, structured", 520, OriginBadReply, UNKNOWN, Some(60)),
        ("521", 521, OriginUnreachable, NeverApplied, Some(120)),
        ("522", 522, OriginUnreachable, UNKNOWN, Some(120)),
        ("523", 523, OriginUnreachable, NeverApplied, Some(120)),
        ("524, structured", 524, OriginTimeout, UNKNOWN, Some(120)),
        ("525", 525, OriginUnreachable, Permanent, None),
        ("526", 526, OriginUnreachable, Permanent, None),
    ];
    let rows = rows.map(|(name, status, kind, class, wait)| {
        let reply = Reply::Shape(Shape::Structured(StatusCode::from_u16(status).unwrap()));
        let example = Example::new(name, reply, (status, kind, class, Edge), JSON, "");
        Example { wait, ..example }
    });
    rows.into()
}

// === bodies nobody would send on purpose ===

fn odd_bodies() -> Vec<Example> {
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
        let reply = Reply::Shape(Shape::Garbage(garbage));
        Example::new(name, reply, meaning, content_type, says)
    });
    rows.into()
}

const UNKNOWN: Class = Class::Unknown;
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const TEXT: &str = "text/plain; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";
const TYPED_JSON: &[(&str, &str)] = &[("content-type", JSON)];
const TYPED_TEXT: &[(&str, &str)] = &[("content-type", TEXT)];

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
