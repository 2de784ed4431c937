//! The other responses of the network in front of the API.

use std::time::Duration;

use comfycontrol_error::{ApiErrorKind as Kind, RetryClass, ServedBy};

use crate::support::decode;

#[test]
fn a_challenge_is_known_by_its_header_alone() {
    let page = "<!DOCTYPE html><title>Just a moment...</title>";
    for status in [403, 429, 503] {
        let headers = [("cf-mitigated", "challenge"), ("content-type", "text/html")];
        let error = decode(status, &headers, page);
        assert_eq!(error.kind(), Kind::Challenge);
        assert_eq!(error.served_by(), ServedBy::Edge);
        assert_eq!(error.retry_class(), RetryClass::Permanent);
    }
    // Even if the rest looks like the API's.
    let body = r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#;
    let error = decode(403, &[("cf-mitigated", "challenge")], body);
    assert_eq!(error.kind(), Kind::Challenge);
}

#[test]
fn each_header_of_its_own_tells_that_the_edge_responded() {
    let body = r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#;
    for name in ["cf-mitigated", "cf-error-type", "cf-error-origin"] {
        let error = decode(403, &[(name, "x")], body);
        assert_eq!(error.served_by(), ServedBy::Edge, "{name}");
        assert_eq!(error.kind(), Kind::Forbidden, "{name}");
    }
    // These stand on every response that came through it.
    let error = decode(
        403,
        &[("cf-ray", "8f2d-FRA"), ("server", "cloudflare")],
        body,
    );
    assert_eq!(error.served_by(), ServedBy::Api);
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
        let error = decode(403, &[], body);
        assert_eq!(error.kind(), Kind::Blocked, "{body}");
        assert_eq!(error.served_by(), ServedBy::Edge, "{body}");
        assert_eq!(error.retry_class(), RetryClass::Permanent, "{body}");
    }
}

#[test]
fn the_edge_does_not_find_the_origin() {
    for status in [409, 530] {
        for code in [1016, 1033] {
            let error = decode(status, &[], format!("error code: {code}"));
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
        let error = decode(status, &[], body);
        assert_eq!(error.kind(), kind);
        assert_eq!(error.retry_class(), RetryClass::Permanent);
    }
}

#[test]
fn a_gateway_error_hides_what_the_origin_said() {
    for status in [502, 504] {
        let short = format!("error code: {status}");
        let error = decode(status, &[("content-type", "text/plain")], &short);
        assert_eq!(error.kind(), Kind::Gateway);
        assert_eq!(error.served_by(), ServedBy::Edge);
        assert_eq!(error.retry_class(), RetryClass::MaybeApplied);

        let branded = "<!DOCTYPE html><title>api.example | Bad gateway</title>";
        let error = decode(status, &[("cf-error-type", "5xx")], branded);
        assert_eq!(error.kind(), Kind::Gateway);
        assert_eq!(error.served_by(), ServedBy::Edge);
    }
}

#[test]
fn an_edge_in_trouble_names_only_itself() {
    let page = "<html><head><title>503 Service Temporarily Unavailable</title></head>\
        <body><center>cloudflare-nginx</center></body></html>";
    let error = decode(
        503,
        &[("content-type", "text/html"), ("retry-after", "5")],
        page,
    );
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!(error.served_by(), ServedBy::Unknown);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
}

#[test]
fn structured_errors_of_the_edge_bring_their_own_wait() {
    for (status, wait, kind, class) in [
        (500, Some(30), Kind::Internal, RetryClass::MaybeApplied),
        (502, Some(60), Kind::Gateway, RetryClass::MaybeApplied),
        (504, Some(120), Kind::Gateway, RetryClass::MaybeApplied),
        (
            520,
            Some(60),
            Kind::OriginBadResponse,
            RetryClass::MaybeApplied,
        ),
        (
            521,
            Some(120),
            Kind::OriginUnreachable,
            RetryClass::NeverApplied,
        ),
        (
            522,
            Some(120),
            Kind::OriginUnreachable,
            RetryClass::MaybeApplied,
        ),
        (
            523,
            Some(120),
            Kind::OriginUnreachable,
            RetryClass::NeverApplied,
        ),
        (
            524,
            Some(120),
            Kind::OriginTimeout,
            RetryClass::MaybeApplied,
        ),
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
        let error = decode(
            status,
            &[("content-type", "application/problem+json")],
            &body,
        );
        assert_eq!(error.kind(), kind);
        assert_eq!(error.retry_class(), class, "{status}");
        assert_eq!(error.retry_after(), wait.map(Duration::from_secs));
        assert_eq!(error.edge_code(), Some(status));
        assert_eq!(error.served_by(), ServedBy::Edge);
    }
}
