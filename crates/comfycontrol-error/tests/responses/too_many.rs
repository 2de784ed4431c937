//! Too many requests, in every form.

use std::time::Duration;

use comfycontrol_error::{ApiErrorKind as Kind, RetryClass, ServedBy};
use http::{Method, StatusCode};

use crate::support::{api, decode};

const RAY: &str = "a288176dfd41b701-SJC";

#[test]
fn the_documented_429_needs_no_wait_in_it() {
    let error = api(429, "Rate limit exceeded");
    assert_eq!(error.kind(), Kind::Throttled);
    assert_eq!(error.served_by(), ServedBy::Edge);
    assert_eq!(error.retry_after(), None);
    assert!(error.retry_class().allows(&Method::POST));
    assert_eq!(
        error.to_string(),
        "429 Too Many Requests: Rate limit exceeded"
    );
}

#[test]
fn a_1015_comes_as_a_problem_report() {
    let body = r#"{"type":"https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1015/",
        "title":"Error 1015: You are being rate limited","status":429,
        "detail":"You are being rate-limited by the website owner's configuration.",
        "instance":"a28817ceee58faca","error_code":1015,"error_name":"rate_limited",
        "error_category":"rate_limit","ray_id":"a28817ceee58faca","timestamp":"2026-08-09T16:21:17Z",
        "zone":"blog.cloudflare.com","cloudflare_error":true,"retryable":true,"retry_after":30,
        "what_you_should_do":"**Wait and retry.**","owner_action_required":false,"footer":""}"#;
    for content_type in [
        "application/problem+json; charset=utf-8",
        "application/json",
    ] {
        let error = decode(
            429,
            &[
                ("content-type", content_type),
                ("retry-after", "30"),
                ("cache-control", "private, max-age=0, no-store"),
                ("expires", "Thu, 01 Jan 1970 00:00:01 GMT"),
                ("server", "cloudflare"),
                ("cf-ray", RAY),
            ],
            body,
        );
        assert_eq!(error.kind(), Kind::Throttled);
        assert_eq!(error.edge_code(), Some(1015));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
        assert_eq!(error.cf_ray(), Some(RAY));
        assert_eq!(
            error.to_string(),
            "429 Too Many Requests: You are being rate-limited by the website owner's \
             configuration. (retry after 30s, ray a288176dfd41b701-SJC)"
        );
        let problem = error.problem().unwrap();
        assert_eq!(
            problem.title(),
            Some("Error 1015: You are being rate limited")
        );
        assert_eq!(problem.error_name(), Some("rate_limited"));
        assert_eq!(problem.error_category(), Some("rate_limit"));
        assert_eq!(problem.instance(), Some("a28817ceee58faca"));
        assert_eq!(problem.advice(), Some("**Wait and retry.**"));
        assert_eq!(problem.retryable(), Some(true));
        assert!(problem.type_uri().unwrap().ends_with("/error-1015/"));
    }
}

#[test]
fn the_header_rules_over_the_wait_in_the_body() {
    let body = r#"{"title":"t","retry_after":30}"#;
    let error = decode(429, &[("retry-after", "7")], body);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    for garbage in ["soon", "-1"] {
        let error = decode(429, &[("retry-after", garbage)], body);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    }
}

#[test]
fn the_ray_and_the_wait_of_the_body_serve_when_no_header_comes() {
    let error = decode(
        429,
        &[],
        r#"{"detail":"d","ray_id":"a28817ce","retry_after":"30"}"#,
    );
    assert_eq!(error.cf_ray(), Some("a28817ce"));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
}

#[test]
fn a_1015_comes_as_seventeen_bytes_of_text() {
    let headers = [
        ("content-type", "text/plain; charset=UTF-8"),
        ("cf-ray", RAY),
    ];
    let error = decode(429, &headers, "error code: 1015\n");
    assert_eq!(error.kind(), Kind::Throttled);
    assert_eq!(error.edge_code(), Some(1015));
    assert_eq!(error.served_by(), ServedBy::Edge);
    assert_eq!(error.message(), "error code: 1015");
}

#[test]
fn a_1015_is_a_1015_whatever_the_status() {
    for body in [
        "error code: 1015",
        r#"{"title":"t","error_code":1015,"cloudflare_error":true}"#,
        r#"{"title":"t","error_code":"1015","error_name":"rate_limited","error_category":"c"}"#,
    ] {
        let error = decode(403, &[], body);
        assert_eq!(error.kind(), Kind::Throttled, "{body}");
        assert_eq!(error.retry_class(), RetryClass::NeverApplied);
        assert_eq!(error.status(), StatusCode::FORBIDDEN);
    }
}

#[test]
fn a_1015_comes_as_a_page() {
    let page = format!(
        "<!DOCTYPE html><html><head>\n<title>Access denied | api.example used Cloudflare to \
         restrict access</title></head><body>{}</body></html>",
        "<p>1020 1016 challenge</p>".repeat(1_800)
    );
    let error = decode(429, &[("content-type", "text/html; charset=UTF-8")], &page);
    assert_eq!(error.kind(), Kind::Throttled);
    assert_eq!(
        error.to_string(),
        "429 Too Many Requests: Access denied | api.example used Cloudflare to restrict access"
    );
    assert_eq!(error.body().len(), page.len());
}

#[test]
fn numbers_and_names_inside_other_text_prove_nothing() {
    for body in [
        r#"{"status":403,"message":"error code: 1015"}"#,
        r#"{"status":403,"message":"no","approximate_member_count":1015}"#,
        r#"{"status":403,"message":"no","error_code":1015}"#,
        r#"{"title":"no","error_code":1015}"#,
        "cloudflare says error code: 1015",
        "error code: 1015 cloudflare",
        "error code: 10155",
        "error code: +1015",
        "<title>Error 1015 | Cloudflare</title>",
    ] {
        let error = decode(403, &[("server", "cloudflare")], body);
        assert_eq!(error.kind(), Kind::Forbidden, "{body}");
        assert_eq!(error.edge_code(), None, "{body}");
        assert_ne!(error.served_by(), ServedBy::Edge, "{body}");
    }
}

#[test]
fn rate_limit_fields_are_no_wait() {
    let headers = [
        ("ratelimit", "\"default\";r=50;t=30"),
        ("ratelimit-policy", "\"default\";q=1200;w=300"),
    ];
    assert_eq!(decode(429, &headers, "").retry_after(), None);
}
