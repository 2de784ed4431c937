//! What reads as a success is whole, in both directions, and a response that cannot be read is not
//! asked for again.

use std::io;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use comfycontrol::rate_limit::Quota;
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Body, Client, Error, ErrorKind, InvalidRequest, Sent, TransportErrorKind};
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Shape, Throttled};
use comfycontrol_test::{real_time, until, within};
use futures_util::stream;
use http::Request;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::raw::{self, Raw};
use crate::support::{LIMIT, builder, edge, emulated};

#[tokio::test]
async fn a_header_never_makes_a_body_empty() {
    let emulator = edge().await;
    let retrying = builder(&emulator).retry(RetryPolicy::new());
    let client = retrying.build().unwrap();
    for (name, value) in [
        ("content-length", "0"),
        ("content-length", "6"),
        ("content-length", "five"),
        ("transfer-encoding", "chunked"),
    ] {
        let request = client.put("/v1/x").header(name, value).body("hello");
        let built = request.send().await.unwrap_err();
        let request = Request::put(emulator.https_url() + "/v1/x")
            .header(name, value)
            .body(Body::from("hello"));
        let served = client.clone().oneshot(request.unwrap()).await.unwrap_err();
        for error in [built, served] {
            check(&error);
            assert!(error.report().to_string().contains(name), "{error:#}");
        }
    }
    // A length that nothing can be held to, and a body that would be left out.
    let some = || Body::from_stream(stream::iter([Ok::<_, io::Error>(Bytes::from("hello"))]));
    let stated = client.put("/v1/x").header("content-length", "5");
    check(&stated.body(some()).send().await.unwrap_err());
    check(&client.get("/v1/x").body(some()).send().await.unwrap_err());
    assert!(emulator.captured_requests().is_empty());
}

#[track_caller]
fn check(error: &Error) {
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No));
    assert!(!error.is_retryable());
    assert!(error.as_cause::<InvalidRequest>().is_some());
}

#[tokio::test]
async fn a_response_head_without_end_is_asked_for_once() {
    within(LIMIT, async {
        let server = Raw::start(|target| match target {
            "/fields" => raw::response(429, &[("x-field", "x"); 101], ""),
            "/hints" => {
                "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(300) + &raw::response(200, &[], "")
            }
            _ => raw::response(429, &[("x-field", &"x".repeat(300 * 1024))], ""),
        })
        .await;
        let client = Client::builder().without_token().base_url(server.url());
        let client = client.build().unwrap();
        for (path, told) in [
            ("/fields", "at most 100 fields"),
            ("/hints", "too many informational responses"),
            ("/large", "256 KiB"),
        ] {
            let error = client.get(path).send().await.unwrap_err();
            let cause: &comfycontrol::TransportError = error.as_cause().unwrap();
            assert_eq!(cause.kind(), TransportErrorKind::ResponseHead, "{path}");
            assert!(error.to_string().contains(told), "{error}");
            assert!(!error.is_retryable());
        }
        assert_eq!(server.heads().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_429_with_a_head_of_200_kib_closes_the_gate() {
    let server = Raw::start(|_| raw::response(429, &[("x-field", &"x".repeat(200 * 1024))], ""));
    let server = server.await;
    let client = Client::builder()
        .without_token()
        .base_url(server.url())
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let error = client.get("/v1/user").send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 429);
    assert!(
        client
            .limiter()
            .unwrap()
            .snapshot()
            .paused_until()
            .is_some()
    );
}

#[tokio::test]
async fn a_429_with_a_large_head_is_seen_over_http_2_as_well() {
    within(LIMIT, async {
        let emulator = edge().await;
        for (bytes, fields) in [(20_000, 2), (100_000, 100), (240_000, 300), (240_000, 4)] {
            large_head(&emulator, bytes, fields);
            let client = emulated::builder(&emulator).retry(RetryPolicy::none());
            let client = client.rate_limit(Quota::COMFYCONTROL).build().unwrap();
            let error = client.get("/v1/user").send().await.unwrap_err();
            assert_eq!(error.status().unwrap(), 429, "{bytes} in {fields}");
            let limiter = client.limiter().unwrap().snapshot();
            assert!(limiter.paused_until().is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn a_head_that_is_too_large_over_http_2_is_named_and_asked_for_once() {
    within(LIMIT, async {
        let emulator = edge().await;
        let retrying = builder(&emulator).retry(RetryPolicy::new());
        let client = retrying.build().unwrap();
        for (bytes, told) in [
            (300_000, "is too large: 256 KiB"),
            (900_000, "is too large: 256 KiB"),
            (1_200_000, "is too large or malformed: 256 KiB"),
        ] {
            emulator.clear_captured_requests();
            large_head(&emulator, bytes, 20);
            let error = client.get("/v1/user").send().await.unwrap_err();
            let cause: &comfycontrol::TransportError = error.as_cause().unwrap();
            assert_eq!(cause.kind(), TransportErrorKind::ResponseHead, "{bytes}");
            assert!(error.to_string().contains(told), "{bytes}: {error}");
            assert!(!error.is_retryable());
            assert_eq!(emulator.captured_requests().len(), 1, "{bytes}");
            // The connection and its other calls live on.
            client.get("/v1/user").send().await.unwrap();
        }
    })
    .await;
}

/// The next response is a 429 whose head is so much larger.
fn large_head(emulator: &Emulator, bytes: usize, fields: usize) {
    let throttled = Fault::Respond(Shape::Throttled(Throttled::text()));
    let rule = FaultRule::next(1, Fault::Head { bytes, fields });
    emulator.faults().add(rule.and(throttled));
}

#[test]
fn a_static_client_is_used_by_many_tests_with_a_runtime_each() {
    static EDGE: LazyLock<(Runtime, Arc<Emulator>)> = LazyLock::new(|| {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let emulator = runtime.block_on(edge());
        (runtime, Arc::new(emulator))
    });
    static CLIENT: LazyLock<Client> = LazyLock::new(|| emulated::builder(&EDGE.1).build().unwrap());

    // Not on a runtime, which would have to start another.
    LazyLock::force(&CLIENT);
    for _ in 0..3 {
        real_time().block_on(within(LIMIT, async {
            let user = CLIENT.get("/v1/user").send().await.unwrap();
            user.bytes().await.unwrap();
        }));
    }

    // One whose runtime ends under it is sent again, since it is a GET.
    EDGE.1.clear_captured_requests();
    let silence = Fault::Delay(2 * LIMIT);
    EDGE.1.faults().add(FaultRule::next(1, silence));
    let first = real_time();
    let mut asking = Box::pin(CLIENT.get("/v1/user").send());
    first.block_on(within(LIMIT, async {
        tokio::select! {
            _ = &mut asking => unreachable!("the server is silent"),
            () = until(|| !EDGE.1.captured_requests().is_empty()) => {}
        }
    }));
    drop(first);
    let response = real_time().block_on(within(LIMIT, asking)).unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(EDGE.1.captured_requests().len(), 2);
}
