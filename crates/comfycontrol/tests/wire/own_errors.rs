//! The errors that the emulated API and its limit make of their own accord.

use std::time::Duration;

use comfycontrol::api_error::{ApiErrorKind, RetryClass, ServedBy};
use comfycontrol_emulator::{Emulator, Limit};
use comfycontrol_test::within;
use serde_json::json;

use crate::support::{LIMIT, builder};

#[tokio::test]
async fn the_api_s_own_errors_are_told_apart() {
    within(LIMIT, async {
        let emulator = Emulator::builder().limit(None).start().await.unwrap();
        let tokens = emulator.tokens();
        let expired = tokens.create("expired", Some(Duration::ZERO));
        let revoked = tokens.create("revoked", None);
        tokens.revoke("revoked");
        let good = tokens.create("good", None);
        for url in [emulator.https_url(), emulator.http_url()] {
            let with = |token: &str| {
                let builder = builder(&emulator).base_url(&url).token(token);
                builder.build().unwrap()
            };
            let runner = |value| with(&good).post("/v1/runner").json(&value);
            for (call, status, kind, says) in [
                (
                    with(&good).get("/v1/user").without_token(),
                    401,
                    ApiErrorKind::MissingToken,
                    "Missing authorization header",
                ),
                (
                    with("cfc_nobodyhasthis").get("/v1/user"),
                    401,
                    ApiErrorKind::InvalidToken,
                    "Invalid token",
                ),
                (
                    with(&revoked).get("/v1/user"),
                    401,
                    ApiErrorKind::InvalidToken,
                    "Invalid token",
                ),
                (
                    with(&expired).get("/v1/user"),
                    401,
                    ApiErrorKind::TokenExpired,
                    "Token has expired",
                ),
                (
                    with(&good).get("/v1/runner/00000000-0000-4000-8000-000000000000"),
                    404,
                    ApiErrorKind::NotFound,
                    "requested entity not found",
                ),
                (
                    runner(json!({"name": "", "endpoint": "https://a.example"})),
                    400,
                    ApiErrorKind::BadRequest,
                    "name cannot be empty",
                ),
                (
                    runner(json!({"name": "a", "endpoint": "nowhere"})),
                    400,
                    ApiErrorKind::BadRequest,
                    "invalid endpoint URL format",
                ),
            ] {
                let error = call.send().await.unwrap_err();
                let api = error.as_api().unwrap();
                let told = (api.status().as_u16(), api.kind(), api.message());
                assert_eq!(told, (status, kind, says));
                assert_eq!(api.served_by(), ServedBy::Api, "{says}");
                assert_eq!(api.retry_class(), RetryClass::Permanent, "{says}");
                assert!(!error.is_retryable(), "{says}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_throttled_call_was_never_applied() {
    within(LIMIT, async {
        let limit = Limit::new(1, Duration::from_secs(10)).unwrap();
        let emulator = Emulator::builder().limit(limit).start().await.unwrap();
        let client = builder(&emulator).build().unwrap();
        client.get("/v1/user").send().await.unwrap();
        let error = client.post("/v1/runner").send().await.unwrap_err();
        let api = error.as_api().unwrap();
        assert_eq!(api.to_string().split(" (").next(), Some(LIMITED));
        assert_eq!(api.kind(), ApiErrorKind::Throttled);
        assert_eq!(api.served_by(), ServedBy::Edge);
        assert!(error.is_retryable());
    })
    .await;
}

const LIMITED: &str = "429 Too Many Requests: Rate limit exceeded";
