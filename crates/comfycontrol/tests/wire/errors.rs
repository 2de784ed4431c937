//! Errors as the API and the edge send them, through real sockets: whatever the bytes, status and headers
//! survive, and the rest is named as far as it can be.

use std::time::Duration;

use comfycontrol::api_error::{ApiErrorKind, Responder, RetryClass};
use comfycontrol::{Client, Error, ErrorKind, Sent};
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Garbage, Limit, Shape};
use http::{Method, StatusCode, Version};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::examples::{self, Example, Reply};
use crate::raw::{self, Raw};
use crate::repeats;
use crate::support::{builder, edge, transport, within};

// === every example ===

#[tokio::test]
async fn every_example_means_what_it_should_over_http_2_and_tls() {
    within(async {
        let emulator = edge().await;
        let client = builder(&emulator).build().unwrap();
        for example in examples::all() {
            for method in [Method::GET, Method::POST] {
                if let Some(error) = emulated(&emulator, &client, &example, &method).await {
                    check(&example, &method, &error);
                }
            }
        }
        let seen = emulator.captured_requests();
        assert!(seen.iter().all(|seen| seen.version() == Version::HTTP_2));
        assert!(seen.len() > 100, "{}", seen.len());
    })
    .await;
}

#[tokio::test]
async fn every_example_means_what_it_should_over_http_1() {
    within(async {
        let emulator = edge().await;
        let plain = || builder(&emulator).base_url(emulator.http_url());
        let client = plain().build().unwrap();
        let raw = Raw::start(say_the_example).await;
        let raw_client = plain().base_url(raw.url()).build().unwrap();
        for (n, example) in examples::all().into_iter().enumerate() {
            for method in [Method::GET, Method::POST] {
                let error = match emulated(&emulator, &client, &example, &method).await {
                    Some(error) => error,
                    None => {
                        let call = raw_client.request(method.clone(), format!("/{n}"));
                        call.send().await.unwrap_err()
                    }
                };
                check(&example, &method, &error);
            }
        }
        let seen = emulator.captured_requests();
        assert!(seen.iter().all(|seen| seen.version() == Version::HTTP_11));
    })
    .await;
}

/// The guide's table promises of a status and a kind what is expected here.
#[test]
fn the_examples_agree_with_the_guide() {
    let examples = examples::all();
    let mut known = 0;
    for row in repeats::rows() {
        let same = examples.iter().filter(|example| {
            let status = example.status.to_string() == row.status;
            status && format!("`{:?}`", example.kind) == row.kind
        });
        for example in same {
            known += 1;
            let repeated = match example.class {
                // Once, with a new token.
                RetryClass::Permanent => row.get == row.post && row.get <= 1,
                RetryClass::NeverApplied => row.get == row.post,
                _ => row.post == 0,
            };
            assert!(repeated, "{}: {}", example.name, row.line);
        }
    }
    assert!(known > 50, "{known}");
}

// === what the emulated API says by itself ===

#[tokio::test]
async fn the_api_s_own_refusals_are_told_apart() {
    within(async {
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
                assert_eq!(api.responder(), Responder::Api, "{says}");
                assert_eq!(api.retry_class(), RetryClass::Permanent, "{says}");
                assert!(!error.is_retryable(), "{says}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_limit_s_own_refusal_was_never_applied() {
    within(async {
        let limit = Limit::new(1, Duration::from_secs(10)).unwrap();
        let emulator = Emulator::builder().limit(limit).start().await.unwrap();
        let client = builder(&emulator).build().unwrap();
        client.get("/v1/user").send().await.unwrap();
        let error = client.post("/v1/runner").send().await.unwrap_err();
        let api = error.as_api().unwrap();
        assert_eq!(api.to_string().split(" (").next(), Some(LIMITED));
        assert_eq!(api.kind(), ApiErrorKind::RateLimited);
        assert_eq!(api.responder(), Responder::Edge);
        assert!(error.is_retryable());
    })
    .await;
}

// === bodies that take their time, or never end ===

#[tokio::test]
async fn a_slow_drip_ends_with_what_has_come() {
    within(async {
        let emulator = edge().await;
        for url in [emulator.https_url(), emulator.http_url()] {
            let drip = Fault::Answer(Shape::Garbage(Garbage::SlowDrip));
            emulator.faults().add(FaultRule::next(1, drip));
            let builder = || builder(&emulator).base_url(&url);
            let mut layers = builder().layers().unwrap();
            layers.decode_error = layers.decode_error.body_timeout(Duration::from_millis(150));
            let stack = layers.stack(transport(&[&emulator]));

            let request = http::Request::get(format!("{url}/v1/user"));
            let request = request.body(comfycontrol::Body::empty()).unwrap();
            let error = stack.oneshot(request).await.err().expect("503");
            let api = error.as_api().unwrap();
            assert_eq!(api.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(api.kind(), ApiErrorKind::Unavailable);
            assert_eq!(api.headers()["server"], "cloudflare");
            assert_eq!(api.content_type(), Some("application/json"));
            assert!(api.body_error().unwrap().is_timeout());
            assert!(!api.body_was_cut());
            assert_eq!(&api.body()[..], b"{");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reset_in_the_body_leaves_status_headers_and_what_had_come() {
    within(async {
        let emulator = edge().await;
        for url in [emulator.https_url(), emulator.http_url()] {
            let reset = Fault::Answer(Shape::Garbage(Garbage::Reset));
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
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_that_comes_as_a_success_keeps_its_status_type_and_beginning() {
    within(async {
        let emulator = edge().await;
        for url in [emulator.https_url(), emulator.http_url()] {
            let page = Fault::Answer(Shape::Garbage(Garbage::PageWithSuccess));
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
            let snippet = error.as_bad_json().unwrap().snippet();
            assert!(snippet.starts_with("<!DOCTYPE html>"), "{snippet}");
            assert!(!error.is_retryable());
        }
    })
    .await;
}

// === support ===

const LIMITED: &str = "429 Too Many Requests: Rate limit exceeded";

/// What the layers keep of an error's body at most.
const CAP: usize = 64 * 1024;

/// The error that the emulator's example becomes; none for one that it does not make.
async fn emulated(
    emulator: &Emulator,
    client: &Client,
    example: &Example,
    method: &Method,
) -> Option<Error> {
    let (shape, accept) = match &example.reply {
        Reply::Shape(shape) => (shape, None),
        Reply::Asked(accept, shape) => (shape, Some(*accept)),
        Reply::Raw(..) => return None,
    };
    let answer = Fault::Answer(shape.clone());
    emulator.faults().add(FaultRule::next(1, answer));
    let mut call = client.request(method.clone(), "/v1/user");
    if let Some(accept) = accept {
        call = call.header("accept", accept);
    }
    Some(call.send().await.unwrap_err())
}

/// The raw example whose number is the path.
fn say_the_example(target: &str) -> String {
    let n: usize = target[1..].parse().unwrap();
    let example = &examples::all()[n];
    let Reply::Raw(headers, body) = example.reply else {
        panic!("{} is the emulator's", example.name);
    };
    raw::response(example.status, headers, body)
}

fn check(example: &Example, method: &Method, error: &Error) {
    let name = format!("{method}: {}", example.name);
    let api = error.as_api().unwrap_or_else(|| panic!("{name}: {error}"));

    assert_eq!(api.status().as_u16(), example.status, "{name}");
    assert_eq!(api.kind(), example.kind, "{name}");
    assert_eq!(api.retry_class(), example.class, "{name}");
    assert_eq!(api.responder(), example.responder, "{name}");
    let wait = example.wait.map(Duration::from_secs);
    assert_eq!(api.retry_after(), wait, "{name}");
    assert_eq!(api.content_type(), example.content_type, "{name}");
    let said = api.message();
    assert!(said.starts_with(example.says), "{name}: {said}");
    assert!(!said.is_empty(), "{name}");

    match example.reply {
        Reply::Raw(headers, body) => {
            for (field, value) in headers {
                let mut kept = api.headers().get_all(*field).iter();
                assert!(kept.any(|kept| kept == value), "{name}: {field}");
            }
            assert_eq!(api.body(), body, "{name}");
        }
        _ => {
            assert_eq!(api.headers()["server"], "cloudflare", "{name}");
            let ray = api.headers()["cf-ray"].to_str().unwrap();
            assert_eq!(api.cf_ray(), Some(ray), "{name}");
        }
    }
    let large = example.is_larger_than_the_cap();
    assert_eq!(api.body_was_cut(), large, "{name}");
    assert!(api.body().len() <= CAP, "{name}");
    assert!(api.body_error().is_none(), "{name}");

    assert_eq!(error.kind(), ErrorKind::Api, "{name}");
    assert_eq!(error.status(), Some(api.status()), "{name}");
    assert_eq!(error.retry_after(), wait, "{name}");
    assert_eq!(error.sent(), Sent::Yes, "{name}");
    assert_eq!(error.is_retryable(), example.class.allows(method), "{name}");
    assert_eq!(error.call().unwrap().0, method, "{name}");
    let shown = error.to_string();
    assert!(shown.starts_with(&example.status.to_string()), "{name}");
    assert!(!shown.contains(char::is_control), "{name}: {shown}");
}
