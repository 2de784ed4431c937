//! What the API responds.

use comfycontrol_error::{ApiErrorKind as Kind, RetryClass, ServedBy};
use http::Method;

use crate::support::api;

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
        assert_eq!(error.served_by(), ServedBy::Api);
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
        ("NOT IN YOUR TIER", Kind::TierLimit),
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
        assert_eq!(error.served_by(), ServedBy::Api);
        assert!(error.retry_class().allows(&Method::GET));
        assert!(!error.retry_class().allows(&Method::POST));
    }
}
