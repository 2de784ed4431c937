//! Replies as they have been seen or documented, each through the whole layer.

use std::time::Duration;

use bytes::Bytes;
use comfycontrol_error::{ApiError, ApiErrorKind as Kind, DecodeErrorLayer, Responder, RetryClass};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tokio_test::{assert_ready_err, task};
use tower::{BoxError, Layer, Service, service_fn};

const RAY: &str = "a288176dfd41b701-SJC";

// === the API ===

#[test]
fn the_api_tells_the_three_unauthorized_apart() {
    for (message, kind) in [
        ("Missing authorization header", Kind::MissingToken),
        ("Invalid token", Kind::InvalidToken),
        ("Token has expired", Kind::TokenExpired),
        (" token HAS expired. ", Kind::TokenExpired),
        ("Token is sleepy", Kind::Unauthorized),
    ] {
        let error = api(401, message);
        assert_eq!(error.kind(), kind);
        assert_eq!(error.responder(), Responder::Api);
        assert_eq!(error.retry_class(), RetryClass::Permanent);
        assert_eq!(
            error.to_string(),
            format!("401 Unauthorized: {}", message.trim())
        );
    }
}

#[test]
fn the_api_tells_a_limit_of_the_tier_from_a_missing_permission() {
    for (message, kind) in [
        ("Runner limit exceeded for your tier", Kind::TierLimit),
        ("Managed runners require Pro or Plus tier", Kind::TierLimit),
        ("You may not see the frontier", Kind::Forbidden),
        ("Forbidden", Kind::Forbidden),
    ] {
        let error = api(403, message);
        assert_eq!(error.kind(), kind, "{message}");
        assert_eq!(error.message(), message);
    }
}

#[test]
fn the_api_names_a_bad_request() {
    for message in ["name cannot be empty", "invalid endpoint URL format"] {
        let error = api(400, message);
        assert_eq!(error.kind(), Kind::BadRequest);
        assert_eq!(error.to_string(), format!("400 Bad Request: {message}"));
    }
}

#[test]
fn the_api_does_not_find_an_entity() {
    let error = api(404, "requested entity not found");
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.body_status(), Some(404));
    assert_eq!(error.content_type(), Some("application/json"));
    assert_eq!(
        error.to_string(),
        "404 Not Found: requested entity not found"
    );
}

#[test]
fn the_api_fails_or_is_away() {
    for (status, kind) in [(500, Kind::Internal), (503, Kind::Unavailable)] {
        let error = api(status, "try later");
        assert_eq!(error.kind(), kind);
        assert_eq!(error.responder(), Responder::Api);
        assert!(error.retry_class().allows(&Method::GET));
        assert!(!error.retry_class().allows(&Method::POST));
    }
}

// === too many requests ===

#[test]
fn the_documented_refusal_needs_no_wait_in_it() {
    let error = api(429, "Rate limit exceeded");
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(error.responder(), Responder::Edge);
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
        let error = refused(
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
        assert_eq!(error.kind(), Kind::RateLimited);
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
    let error = refused(429, &[("retry-after", "7")], body);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    for garbage in ["soon", "-1"] {
        let error = refused(429, &[("retry-after", garbage)], body);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    }
}

#[test]
fn the_ray_and_the_wait_of_the_body_serve_when_no_header_comes() {
    let error = refused(
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
    let error = refused(429, &headers, "error code: 1015\n");
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(error.edge_code(), Some(1015));
    assert_eq!(error.responder(), Responder::Edge);
    assert_eq!(error.message(), "error code: 1015");
}

#[test]
fn a_1015_is_a_1015_whatever_the_status() {
    for body in [
        "error code: 1015",
        r#"{"title":"t","error_code":1015,"cloudflare_error":true}"#,
        r#"{"title":"t","error_code":"1015","error_name":"rate_limited","error_category":"c"}"#,
    ] {
        let error = refused(403, &[], body);
        assert_eq!(error.kind(), Kind::RateLimited, "{body}");
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
    let error = refused(429, &[("content-type", "text/html; charset=UTF-8")], &page);
    assert_eq!(error.kind(), Kind::RateLimited);
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
        let error = refused(403, &[("server", "cloudflare")], body);
        assert_eq!(error.kind(), Kind::Forbidden, "{body}");
        assert_eq!(error.edge_code(), None, "{body}");
        assert_ne!(error.responder(), Responder::Edge, "{body}");
    }
}

#[test]
fn rate_limit_fields_are_no_wait() {
    let headers = [
        ("ratelimit", "\"default\";r=50;t=30"),
        ("ratelimit-policy", "\"default\";q=1200;w=300"),
    ];
    assert_eq!(refused(429, &headers, "").retry_after(), None);
}

// === the edge's other answers ===

#[test]
fn a_challenge_is_known_by_its_header_alone() {
    let page = "<!DOCTYPE html><title>Just a moment...</title>";
    for status in [403, 429, 503] {
        let headers = [("cf-mitigated", "challenge"), ("content-type", "text/html")];
        let error = refused(status, &headers, page);
        assert_eq!(error.kind(), Kind::Challenge);
        assert_eq!(error.responder(), Responder::Edge);
        assert_eq!(error.retry_class(), RetryClass::Permanent);
    }
    // Even if the rest looks like the API's.
    let body = r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#;
    let error = refused(403, &[("cf-mitigated", "challenge")], body);
    assert_eq!(error.kind(), Kind::Challenge);
}

#[test]
fn a_rule_of_the_edge_blocks() {
    let named = r#"{"title":"Access denied","error_name":"firewall_rule_blocked",
        "error_category":"access_denied","retryable":false}"#;
    let numbered = r#"{"title":"Access denied","error_code":1020,"cloudflare_error":true}"#;
    for body in [
        named,
        numbered,
        "error code: 1006",
        "error code: 1007",
        "error code: 1008",
        "error code: 1010",
        "error code: 1020",
    ] {
        let error = refused(403, &[], body);
        assert_eq!(error.kind(), Kind::Blocked, "{body}");
        assert_eq!(error.responder(), Responder::Edge, "{body}");
        assert_eq!(error.retry_class(), RetryClass::Permanent, "{body}");
    }
}

#[test]
fn the_edge_does_not_find_the_origin() {
    for status in [409, 530] {
        for code in [1016, 1033] {
            let error = refused(status, &[], &format!("error code: {code}"));
            assert_eq!(error.kind(), Kind::OriginUnreachable);
            assert_eq!(error.edge_code(), Some(code));
            assert_eq!(error.retry_class(), RetryClass::NeverApplied);
        }
    }
}

#[test]
fn a_request_is_too_large_in_one_way_or_another() {
    let page = "<html><head><title>413 Request Entity Too Large</title></head></html>";
    for (status, body, kind) in [
        (413, page, Kind::ContentTooLarge),
        (413, "too large", Kind::ContentTooLarge),
        (413, "error code: 1038", Kind::HeadersTooLarge),
        (414, "", Kind::UriTooLong),
        (431, "", Kind::HeadersTooLarge),
    ] {
        let error = refused(status, &[], body);
        assert_eq!(error.kind(), kind);
        assert_eq!(error.retry_class(), RetryClass::Permanent);
    }
}

#[test]
fn a_gateway_error_hides_what_the_origin_said() {
    for status in [502, 504] {
        let short = format!("error code: {status}");
        let error = refused(status, &[("content-type", "text/plain")], &short);
        assert_eq!(error.kind(), Kind::Gateway);
        assert_eq!(error.responder(), Responder::Edge);
        assert_eq!(error.retry_class(), RetryClass::Unknown);

        let branded = "<!DOCTYPE html><title>api.example | Bad gateway</title>";
        let error = refused(status, &[("cf-error-type", "5xx")], branded);
        assert_eq!(error.kind(), Kind::Gateway);
        assert_eq!(error.responder(), Responder::Edge);
    }
}

#[test]
fn an_edge_in_trouble_names_only_itself() {
    let page = "<html><head><title>503 Service Temporarily Unavailable</title></head>\
        <body><center>cloudflare-nginx</center></body></html>";
    let error = refused(
        503,
        &[("content-type", "text/html"), ("retry-after", "5")],
        page,
    );
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!(error.responder(), Responder::Unknown);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
}

#[test]
fn structured_errors_of_the_edge_bring_their_own_wait() {
    for (status, wait, kind, class) in [
        (500, Some(30), Kind::Internal, RetryClass::Unknown),
        (502, Some(60), Kind::Gateway, RetryClass::Unknown),
        (504, Some(120), Kind::Gateway, RetryClass::Unknown),
        (520, Some(60), Kind::OriginBadReply, RetryClass::Unknown),
        (
            521,
            Some(120),
            Kind::OriginUnreachable,
            RetryClass::NeverApplied,
        ),
        (522, Some(120), Kind::OriginUnreachable, RetryClass::Unknown),
        (
            523,
            Some(120),
            Kind::OriginUnreachable,
            RetryClass::NeverApplied,
        ),
        (524, Some(120), Kind::OriginTimeout, RetryClass::Unknown),
        (525, None, Kind::OriginUnreachable, RetryClass::Permanent),
        (526, None, Kind::OriginUnreachable, RetryClass::Permanent),
    ] {
        let retry = match wait {
            Some(wait) => format!(r#""retryable":true,"retry_after":{wait}"#),
            None => r#""retryable":false"#.to_owned(),
        };
        let body = format!(
            r#"{{"title":"Error {status}","status":{status},"error_code":{status},
                "error_name":"n","error_category":"origin","cloudflare_error":true,{retry}}}"#
        );
        let error = refused(
            status,
            &[("content-type", "application/problem+json")],
            &body,
        );
        assert_eq!(error.kind(), kind);
        assert_eq!(error.retry_class(), class, "{status}");
        assert_eq!(error.retry_after(), wait.map(Duration::from_secs));
        assert_eq!(error.edge_code(), Some(status));
        assert_eq!(error.responder(), Responder::Edge);
    }
}

// === the standards ===

#[test]
fn a_problem_of_type_blank_and_wrong_types_is_read_as_far_as_it_goes() {
    let body = r#"{"title":["a"],"detail":"Out of credit","status":"soon","instance":7}"#;
    let error = refused(403, &[("content-type", "application/problem+json")], body);
    assert_eq!(error.message(), "Out of credit");
    assert_eq!(error.body_status(), None);
    assert_eq!(error.responder(), Responder::Unknown);
    let problem = error.problem().unwrap();
    assert_eq!((problem.title(), problem.instance()), (None, None));
}

#[test]
fn a_bearer_challenge_is_kept_among_the_headers() {
    let challenge = r#"Bearer realm="example", error="invalid_token""#;
    let error = refused(401, &[("www-authenticate", challenge)], "");
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert_eq!(error.headers()["www-authenticate"], challenge);
    assert_eq!(error.to_string(), "401 Unauthorized");
}

#[test]
fn a_redirect_is_an_error_that_shows_where_to_but_no_query() {
    let location = "https://user:pw@evil.example/v1?token=cfc_secret#x";
    let error = refused(302, &[("location", location)], "<title>Moved</title>");
    assert_eq!(error.kind(), Kind::Redirect);
    assert_eq!(
        error.to_string(),
        "302 Found: redirected to https://evil.example/v1"
    );
    assert_eq!(error.headers()["location"], location);
}

// === support ===

fn api(status: u16, message: &str) -> ApiError {
    let body = format!(r#"{{"status":{status},"message":"{message}"}}"#);
    refused(status, &[("content-type", "application/json")], &body)
}

/// The error that the layer makes of a reply.
fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> ApiError {
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let mut reply = Response::builder().status(status);
    for (name, value) in headers {
        reply = reply.header(*name, *value);
    }
    let mut reply = Some(reply.body(body).unwrap());
    let inner = service_fn(move |_: Request<()>| {
        let reply = reply.take().expect("one call");
        async { Ok::<_, BoxError>(reply) }
    });
    let mut service = DecodeErrorLayer::new().layer(inner);
    let mut call = task::spawn(service.call(Request::new(())));
    *assert_ready_err!(call.poll()).downcast().unwrap()
}
