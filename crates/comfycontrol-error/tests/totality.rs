//! Whatever a response holds, it becomes an error that keeps its status and shows nothing harmful.

use bytes::Bytes;
use comfycontrol_error::{ApiError, ApiErrorKind, Applied, RetryClass};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_response_becomes_an_error_fit_to_be_shown(
        status in 100u16..1_000,
        headers in vec((header_name(), header_value()), 0..8),
        body in body(),
    ) {
        let response = response(status, headers, body);
        let error = ApiError::from_response(response.clone());

        prop_assert_eq!(error.status(), status);
        prop_assert_eq!(error.headers(), response.headers());
        prop_assert_eq!(error.body(), response.body());

        prop_assert!(!error.message().is_empty());
        prop_assert!(error.message().chars().count() <= 1_001);
        prop_assert!(error.to_string().chars().count() <= 400);
        let debug = format!("{error:?}");
        prop_assert!(debug.len() < 20_000);
        for shown in [error.message(), &error.to_string(), &debug] {
            prop_assert!(!shown.contains(char::is_control), "{:?}", shown);
            prop_assert!(!shown.contains(['\u{202e}', '\u{2028}', '\u{200b}']), "{:?}", shown);
            prop_assert!(!has_token(shown), "{:?}", shown);
        }
    }

    #[test]
    fn the_status_alone_decides_what_the_body_does_not(
        status in 100u16..1_000,
        junk in "[a-z<>{}\\[\\]\":, ]{0,60}",
    ) {
        let error = ApiError::from_response(response(status, Vec::new(), junk.into_bytes()));
        prop_assert_eq!(error.kind(), naive_kind(status));
        prop_assert_eq!(error.retry_class(), naive_class(status));
        prop_assert_eq!(error.applied(), naive_applied(status));
    }

    #[test]
    fn what_is_not_idempotent_is_repeated_only_if_never_applied(status in 300u16..600) {
        let error = ApiError::from_response(response(status, Vec::new(), Vec::new()));
        let class = error.retry_class();
        prop_assert_eq!(class.allows(&Method::POST), class == RetryClass::NeverApplied);
        prop_assert_eq!(class.allows(&Method::PUT), class != RetryClass::Permanent);
    }

    #[test]
    fn a_message_of_plain_words_comes_through_unchanged(
        status in 400u16..600,
        message in "[a-zA-Z0-9äß漢]([a-zA-Z0-9 .,:äß漢'/-]{0,80}[a-z])?",
    ) {
        let body = format!(r#"{{"message":"{message}","status":{status}}}"#);
        let error = ApiError::from_response(response(status, Vec::new(), body.into_bytes()));
        prop_assert_eq!(error.message(), message);
        prop_assert_eq!(error.body_status(), Some(status.into()));
    }
}

// === models ===

fn naive_kind(status: u16) -> ApiErrorKind {
    use ApiErrorKind::*;
    let named = [
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (413, ContentTooLarge),
        (414, UriTooLong),
        (429, Throttled),
        (431, HeadersTooLarge),
        (500, Internal),
        (502, Gateway),
        (503, Unavailable),
        (504, Gateway),
        (520, OriginBadResponse),
        (521, OriginUnreachable),
        (522, OriginUnreachable),
        (523, OriginUnreachable),
        (524, OriginTimeout),
        (525, OriginUnreachable),
        (526, OriginUnreachable),
        (530, OriginUnreachable),
    ];
    let others = [
        Unexpected,
        Unexpected,
        Redirect,
        OtherClientError,
        OtherServerError,
    ];
    let name = named.into_iter().find(|(known, _)| *known == status);
    let class = usize::from(status / 100 - 1);
    name.map_or(*others.get(class).unwrap_or(&Unexpected), |(_, kind)| kind)
}

fn naive_class(status: u16) -> RetryClass {
    match status {
        429 | 521 | 523 => RetryClass::NeverApplied,
        408 | 425 => RetryClass::MaybeApplied,
        501 | 505 | 525 | 526 => RetryClass::Permanent,
        500..=599 => RetryClass::MaybeApplied,
        _ => RetryClass::Permanent,
    }
}

fn naive_applied(status: u16) -> Applied {
    match status {
        200..=299 => Applied::Yes,
        429 | 521 | 523 => Applied::No,
        408 | 409 | 425 => Applied::Maybe,
        300..=499 => Applied::No,
        _ => Applied::Maybe,
    }
}

fn has_token(shown: &str) -> bool {
    let mut after = shown.split("cfc_").skip(1);
    after.any(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

// === support ===

fn response(status: u16, fields: Vec<(HeaderName, HeaderValue)>, body: Vec<u8>) -> Response<Bytes> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    *response.headers_mut() = headers;
    response
}

fn header_name() -> impl Strategy<Value = HeaderName> {
    const KNOWN: &[&str] = &[
        "content-encoding",
        "content-type",
        "cf-mitigated",
        "cf-ray",
        "date",
        "location",
        "retry-after",
        "server",
        "set-cookie",
        "cfc_header",
    ];
    proptest::sample::select(KNOWN).prop_map(HeaderName::from_static)
}

fn header_value() -> impl Strategy<Value = HeaderValue> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..60),
        piece().prop_map(String::into_bytes),
        "[0-9]{1,30}|challenge|gzip|Sun, 06 Nov 1994 08:49:37 GMT".prop_map(String::into_bytes),
    ];
    bytes.prop_filter_map("not a value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..300),
        vec(piece(), 0..12).prop_map(|pieces| pieces.concat().into_bytes()),
        json().prop_map(String::into_bytes),
        (json(), any::<prop::sample::Index>()).prop_map(|(json, end)| {
            let json = json.into_bytes();
            json[..end.index(json.len() + 1)].to_vec()
        }),
    ]
}

fn json() -> impl Strategy<Value = String> {
    vec((member(), value()), 0..6).prop_map(|members| {
        let members = members.into_iter();
        let members: Vec<_> = members
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}

fn member() -> impl Strategy<Value = &'static str> {
    const KNOWN: &[&str] = &[
        "status",
        "message",
        "title",
        "detail",
        "type",
        "instance",
        "error_code",
        "error_name",
        "error_category",
        "cloudflare_error",
        "retry_after",
        "retryable",
        "ray_id",
        "else",
    ];
    proptest::sample::select(KNOWN)
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        piece().prop_map(|text| format!("\"{text}\"")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "true|false|null|1015|1016|1020|\\[\\]|\\{\"a\":1\\}|\"firewall_rule_blocked\"",
    ]
}

/// What bodies are made of, the awkward parts of it above all.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\p{Any}{0,20}",
        "[ -~]{0,40}",
        "cfc_[a-zA-Z0-9]{1,20}",
        "error code: [0-9]{3,5}",
        "<title>|</title>|\\{|\\}|\\[|\"|\u{feff}|cfc_|\u{1b}\\[31m|\u{202e}|\\\\u001b|\\\\u202e|\n",
    ]
}
