//! Bodies of errors that take their time, break off, or come as a success.

use std::time::Duration;

use comfycontrol::api_error::ApiErrorKind;
use comfycontrol::{ErrorKind, InvalidJson, Sent};
use comfycontrol_emulator::{Fault, FaultRule, Garbage, Shape};
use comfycontrol_test::within;
use http::StatusCode;
use serde_json::Value;
use tower::ServiceExt;

use crate::support::{LIMIT, builder, edge, transport};

#[tokio::test]
async fn a_slow_drip_ends_with_what_has_come() {
    within(LIMIT, async {
        let emulator = edge().await;
        for url in [emulator.https_url(), emulator.http_url()] {
            let drip = Fault::Respond(Shape::Garbage(Garbage::SlowDrip));
            emulator.faults().add(FaultRule::next(1, drip));
            let builder = || builder(&emulator).base_url(&url);
            let mut layers = builder().layers().unwrap();
            layers.error_decoder = layers
                .error_decoder
                .error_body_timeout(Duration::from_millis(150));
            let stack = layers.stack(transport(&[&emulator]));

            let request = http::Request::get(format!("{url}/v1/user"));
            let request = request.body(comfycontrol::Body::empty()).unwrap();
            let error = stack.oneshot(request).await.expect_err("503");
            let api = error.as_api().unwrap();
            assert_eq!(api.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(api.kind(), ApiErrorKind::Unavailable);
            assert_eq!(api.headers()["server"], "cloudflare");
            assert_eq!(api.content_type(), Some("application/json"));
            assert!(api.body_error().unwrap().is_timeout());
            assert!(!api.is_body_truncated());
            assert_eq!(&api.body()[..], b"{");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reset_in_the_body_leaves_status_headers_and_what_had_come() {
    within(LIMIT, async {
        let emulator = edge().await;
        for url in [emulator.https_url(), emulator.http_url()] {
            let reset = Fault::Respond(Shape::Garbage(Garbage::Reset));
            emulator.faults().add(FaultRule::next(1, reset));
            let client = builder(&emulator).base_url(&url).build().unwrap();
            let error = client.get("/v1/user").send().await.unwrap_err();
            let api = error.as_api().unwrap();
            assert_eq!(api.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(api.kind(), ApiErrorKind::Internal);
            assert_eq!(api.headers()["server"], "cloudflare");
            assert_eq!(api.cf_ray(), api.headers()["cf-ray"].to_str().ok());
            assert!(!api.body_error().unwrap().is_timeout());
            assert_eq!(&api.body()[..], br#"{"status":500,"messa"#);
            assert_eq!(error.sent(), Sent::Yes);
            assert!(format!("{error:#}").contains("error body broke off"));
            let asked = emulator.captured_requests();
            let asked = asked.last().unwrap().headers()["x-request-id"].to_str();
            assert_eq!(error.request_id(), asked.ok());
        }
    })
    .await;
}

#[tokio::test]
async fn the_length_in_a_head_is_the_same_over_both_versions_of_http() {
    within(LIMIT, async {
        let emulator = edge().await;
        let mut lengths = Vec::new();
        for url in [emulator.https_url(), emulator.http_url()] {
            let client = builder(&emulator).base_url(&url).build().unwrap();
            let body = client.get("/v1/user").send().await.unwrap();
            let head = client.head("/v1/user").send().await.unwrap();
            assert_eq!(head.content_length(), body.content_length());
            lengths.extend(body.content_length());
        }
        assert!(lengths.len() == 2 && lengths[0] == lengths[1] && lengths[0] > 0);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_comes_as_a_success_keeps_its_status_type_and_beginning() {
    within(LIMIT, async {
        let emulator = edge().await;
        for url in [emulator.https_url(), emulator.http_url()] {
            let page = Fault::Respond(Shape::Garbage(Garbage::PageWithSuccess));
            emulator.faults().add(FaultRule::next(1, page));
            let client = builder(&emulator).base_url(&url).build().unwrap();
            let response = client.get("/v1/user").send().await.unwrap();
            let error = response.json::<Value>().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert_eq!(error.status(), Some(StatusCode::OK));
            let shown = format!("{error:#}");
            assert!(
                shown.contains("content type text/html; charset=UTF-8"),
                "{shown}"
            );
            let snippet = error.as_cause::<InvalidJson>().unwrap().snippet();
            assert!(snippet.starts_with("<!DOCTYPE html>"), "{snippet}");
            assert!(!error.is_retryable());
        }
    })
    .await;
}
