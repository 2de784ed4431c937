//! What becomes of a response whose body breaks off, over HTTP/1.1 and over HTTP/2 with TLS.

use std::time::Duration;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::{Applied, Client, Error, ErrorKind, Sent};
use comfycontrol_emulator::{Coding, Emulator, Ending, Fault, FaultRule, Shape};
use comfycontrol_test::within;
use futures_util::StreamExt;
use futures_util::future::join_all;
use http::{Method, StatusCode};

use crate::support::{LIMIT, builder, edge};

#[tokio::test]
async fn a_get_whose_body_breaks_off_once_reads_as_a_whole_one() {
    within(LIMIT, async {
        let emulator = edge().await;
        let mut cases = Vec::new();
        for plain in [false, true] {
            for ending in Ending::ALL {
                cases.extend([0, 9].map(|after| (plain, ending, after)));
            }
        }
        let emulator = &emulator;
        join_all(cases.into_iter().enumerate().map(async |(n, case)| {
            let (plain, ending, after) = case;
            let path = format!("/{n}/");
            break_off(emulator, 1, after, ending, &path);
            let whole = FaultRule::next(1, Fault::Respond(whole()));
            emulator.faults().add(whole.path(&path));
            let response = client(emulator, plain).get(&path).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert!(response.text().await.unwrap().contains(WHOLE), "{case:?}");
            assert_eq!(arrived(emulator, &path), 2, "{case:?}");
        }))
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_body_of_which_a_byte_was_handed_out_ends_with_an_error() {
    within(LIMIT, async {
        let emulator = edge().await;
        for plain in [false, true] {
            emulator.clear_captured_requests();
            break_off(&emulator, 1, 9, Ending::NoError, "/v1/user");
            let response = client(&emulator, plain).get("/v1/user").send().await;
            let length = response.as_ref().unwrap().content_length().unwrap();
            let mut pieces = response.unwrap().into_stream();
            assert_eq!(pieces.next().await.unwrap().unwrap().len(), 9);
            let error = pieces.next().await.unwrap().unwrap_err();
            check(&error);
            if !plain {
                let told = format!("ended {} bytes early", length - 9);
                assert!(format!("{error:#}").contains(&told), "{error:#}");
            }
            assert!(pieces.next().await.is_none());
            assert_eq!(arrived(&emulator, "/v1/user"), 1);

            // None was handed out.
            break_off(&emulator, 1, 0, Ending::NoError, "/v1/user");
            let response = client(&emulator, plain).get("/v1/user").send().await;
            let mut pieces = response.unwrap().into_stream();
            assert_eq!(pieces.next().await.unwrap().unwrap().len() as u64, length);
            assert_eq!(arrived(&emulator, "/v1/user"), 3);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_always_breaks_off_is_an_error_after_three_attempts_and_after_one_of_a_post() {
    within(LIMIT, async {
        let emulator = edge().await;
        for plain in [false, true] {
            for (method, attempts) in [(Method::GET, 3), (Method::PUT, 3), (Method::POST, 1)] {
                emulator.clear_captured_requests();
                break_off(&emulator, 9, 9, Ending::Reset, "/x");
                let limiter = Limiter::new(Quota::new(40, Duration::from_secs(10)).unwrap());
                let client = client_of(&emulator, plain, |builder| {
                    builder.rate_limit(limiter.clone())
                });
                let response = client.request(method.clone(), "/x").send().await;
                let error = response.unwrap().bytes().await.unwrap_err();
                check(&error);
                assert_eq!(error.is_retryable(), method != Method::POST);
                assert_eq!(arrived(&emulator, "/x"), attempts, "{method}");
                // Each has paid.
                assert_eq!(limiter.snapshot().granted(), attempts as u64, "{method}");
                emulator.faults().clear();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_response_that_is_not_the_first_leaves_the_error() {
    within(LIMIT, async {
        let emulator = edge().await;
        let longer = Shape::Api(StatusCode::OK, "a longer message".repeat(9));
        let gone = Shape::Api(StatusCode::NOT_FOUND, "gone".to_owned());
        for other in [longer, gone] {
            emulator.clear_captured_requests();
            break_off(&emulator, 1, 0, Ending::NoError, "/v1/user");
            let then = FaultRule::next(1, Fault::Respond(other)).path("/v1/user");
            emulator.faults().add(then);
            let response = client(&emulator, false).get("/v1/user").send().await;
            check(&response.unwrap().bytes().await.unwrap_err());
            assert_eq!(arrived(&emulator, "/v1/user"), 2);
            emulator.faults().clear();
        }
        // What passes is waited for as before any other attempt.
        break_off(&emulator, 1, 0, Ending::NoError, "/v1/user");
        emulator
            .faults()
            .add(FaultRule::next(1, Fault::Respond(Shape::Unavailable)));
        let response = client(&emulator, false).get("/v1/user").send().await;
        response.unwrap().bytes().await.unwrap();
        assert_eq!(arrived(&emulator, "/v1/user"), 5);
    })
    .await;
}

#[tokio::test]
async fn a_compressed_body_is_decoded_from_its_beginning_once_more() {
    within(LIMIT, async {
        let emulator = edge().await;
        let whole = client(&emulator, false).get("/v1/user").send().await;
        let whole = whole.unwrap().bytes().await.unwrap();
        for plain in [false, true] {
            for after in [0, 1, 30] {
                emulator.clear_captured_requests();
                let ending = Ending::Close;
                let cut = FaultRule::next(1, Fault::EndInBody { after, ending });
                let gzip = || Fault::Encode(Coding::Gzip);
                emulator.faults().add(cut.and(gzip()));
                emulator.faults().add(FaultRule::next(2, gzip()));
                let response = client(&emulator, plain).get("/v1/user").send().await;
                assert_eq!(response.unwrap().bytes().await.unwrap(), whole);
                assert_eq!(arrived(&emulator, "/v1/user"), 2, "{after}");
                emulator.faults().clear();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_drops_the_body_stops_what_is_sent_again() {
    within(LIMIT, async {
        let emulator = edge().await;
        break_off(&emulator, 9, 0, Ending::NoError, "/v1/user");
        let response = client(&emulator, false).get("/v1/user").send().await;
        let reading = response.unwrap().bytes();
        let moment = Duration::from_millis(100);
        tokio::time::timeout(moment, reading).await.unwrap_err();
        tokio::time::sleep(5 * moment).await;
        assert_eq!(arrived(&emulator, "/v1/user"), 1);
    })
    .await;
}

// === support ===

fn client(emulator: &Emulator, plain: bool) -> Client {
    client_of(emulator, plain, |builder| builder)
}

/// A client that sends again as one does unless told otherwise.
fn client_of(
    emulator: &Emulator,
    plain: bool,
    change: impl FnOnce(comfycontrol::ClientBuilder) -> comfycontrol::ClientBuilder,
) -> Client {
    let mut builder = builder(emulator).retry(RetryPolicy::new());
    if plain {
        builder = builder.base_url(emulator.http_url());
    }
    change(builder).build().unwrap()
}

/// Ends the next responses to this path in their bodies.
fn break_off(emulator: &Emulator, next: u32, after: usize, ending: Ending, path: &str) {
    let broken = Fault::EndInBody { after, ending };
    let rule = FaultRule::next(next, broken).path(path);
    let is_api = path.starts_with("/v1/");
    let rule = if is_api {
        rule
    } else {
        rule.and(Fault::Respond(whole()))
    };
    emulator.faults().add(rule);
}

fn whole() -> Shape {
    Shape::Api(StatusCode::OK, WHOLE.to_owned())
}

const WHOLE: &str = "the whole message";

fn arrived(emulator: &Emulator, path: &str) -> usize {
    let seen = emulator.captured_requests();
    seen.iter()
        .filter(|seen| seen.uri().to_string().ends_with(path))
        .count()
}

#[track_caller]
fn check(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Body, "{error:#}");
    assert_eq!(error.status(), Some(StatusCode::OK));
    assert_eq!((error.sent(), error.applied()), (Sent::Yes, Applied::Yes));
}
