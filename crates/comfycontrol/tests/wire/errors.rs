//! Every example of an error, through real sockets: whatever the bytes, status and headers survive,
//! and the rest is named as far as it can be.

use std::time::Duration;

use comfycontrol::api_error::RetryClass;
use comfycontrol::{Client, Error, ErrorKind, Sent};
use comfycontrol_emulator::{Emulator, Fault, FaultRule};
use comfycontrol_test::within;
use http::{Method, Version};

use crate::examples::{self, Example, Response};
use crate::raw::{self, Raw};
use crate::repeats;
use crate::support::{LIMIT, builder, edge};

#[tokio::test]
async fn every_example_means_what_it_should_over_http_2_and_tls() {
    within(LIMIT, async {
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
    within(LIMIT, async {
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
                // With new tokens only.
                RetryClass::Permanent => row.get == row.post && [0, 3].contains(&row.get),
                RetryClass::NeverApplied => row.get == row.post,
                _ => row.post == 0,
            };
            assert!(repeated, "{}: {}", example.name, row.line);
        }
    }
    assert!(known > 50, "{known}");
}

// === support ===

/// What the layers keep of an error's body at most.
const CAP: usize = 64 * 1024;

/// The error that the emulator's example becomes; none for one that it does not make.
async fn emulated(
    emulator: &Emulator,
    client: &Client,
    example: &Example,
    method: &Method,
) -> Option<Error> {
    let (shape, accept) = match &example.response {
        Response::Shape(shape) => (shape, None),
        Response::Asked(accept, shape) => (shape, Some(*accept)),
        Response::Raw(..) => return None,
    };
    let respond = Fault::Respond(shape.clone());
    emulator.faults().add(FaultRule::next(1, respond));
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
    let Response::Raw(headers, body) = example.response else {
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
    assert_eq!(api.served_by(), example.served_by, "{name}");
    let wait = example.wait.map(Duration::from_secs);
    assert_eq!(api.retry_after(), wait, "{name}");
    assert_eq!(api.content_type(), example.content_type, "{name}");
    let said = api.message();
    assert!(said.starts_with(example.says), "{name}: {said}");
    assert!(!said.is_empty(), "{name}");

    match example.response {
        Response::Raw(headers, body) => {
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
    assert_eq!(api.is_body_truncated(), large, "{name}");
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
