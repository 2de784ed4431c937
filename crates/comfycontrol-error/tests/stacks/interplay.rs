//! What the layer and its neighbours make of each other's errors and waits.

use std::sync::mpsc::channel;
use std::time::Duration;

use comfycontrol_error::{ApiError, ErrorDecoderLayer};
use comfycontrol_test::{
    MILLISECOND, Res, SECOND, Server, Stack, arrived, call, find, head, nothing_arrived, pair,
    response, typed,
};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err};
use tower::Layer;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::{TimeoutLayer, error::Elapsed};
use tower_http::classify::ServerErrorsFailureClass;
use tower_http::trace::TraceLayer;
use tracing::Span;

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_covers_the_body_of_an_error_and_lets_it_go() {
    let (inner, mut server) = pair();
    let stack = TimeoutLayer::new(SECOND).layer(ErrorDecoderLayer::new().layer(inner));
    let mut late = call(&stack);
    assert_pending!(late.poll());
    let (response, body) = head(500);
    arrived(&mut server).send_response(response);
    assert_pending!(late.poll());
    time::advance(SECOND + MILLISECOND).await;
    let error = assert_ready_err!(late.poll());
    assert!(error.is::<Elapsed>(), "{error}");
    drop(late);
    assert!(body.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_covers_the_head_and_the_layers_own_limit_the_body() {
    let decode = ErrorDecoderLayer::new().error_body_timeout(3 * SECOND);
    let (inner, mut server) = pair();
    let stack = decode.layer(typed::<_, _, ApiError>(
        TimeoutLayer::new(SECOND).layer(inner),
    ));
    let mut late = call(&stack);
    assert_pending!(late.poll());
    time::advance(SECOND - MILLISECOND).await;
    let (response, _body) = head(500);
    arrived(&mut server).send_response(response);
    assert_pending!(late.poll());
    time::advance(3 * SECOND - MILLISECOND).await;
    assert_pending!(late.poll());
    time::advance(2 * MILLISECOND).await;
    let error = assert_ready_err!(late.poll());
    let error = find::<ApiError>(&error).expect("the status survives");
    assert_eq!(error.status(), 500);
    assert!(error.body_error().unwrap().is_timeout());

    let mut late = call(&stack);
    assert_pending!(late.poll());
    time::advance(SECOND + MILLISECOND).await;
    let error = assert_ready_err!(late.poll());
    assert!(find::<Elapsed>(&error).is_some() && find::<ApiError>(&error).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_is_held_while_the_body_is_read_outside_and_not_inside() {
    for outside in [true, false] {
        let at_most = |limit| ConcurrencyLimitLayer::new(if limit { 1 } else { 9 });
        let (inner, mut server) = pair();
        let decode = ErrorDecoderLayer::new().layer(at_most(!outside).layer(inner));
        let stack = at_most(outside).layer(decode);
        let mut reading = call(&stack);
        assert_pending!(reading.poll());
        let (response, body) = head(500);
        arrived(&mut server).send_response(response);
        assert_pending!(reading.poll());
        let mut next = call(&stack);
        assert_pending!(next.poll());
        if outside {
            nothing_arrived(&mut server);
            body.send("".into()).unwrap();
            assert_ready_err!(reading.poll());
            assert_pending!(next.poll());
        }
        arrived(&mut server);
    }
}

#[test]
fn a_tracer_outside_tells_the_error_without_the_token_that_the_server_has_repeated() {
    let (tell, told) = channel();
    let tracer = TraceLayer::new_for_http().on_failure(
        move |failure: ServerErrorsFailureClass, _: Duration, _: &Span| {
            tell.send(failure.to_string()).unwrap();
        },
    );
    let (inner, server) = pair();
    repeats_a_token(&tracer.layer(ErrorDecoderLayer::new().layer(inner)), server);
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(
        told,
        ["Error: 500 Internal Server Error: no such token: cfc_***"]
    );
}

#[test]
fn a_tracer_inside_tells_of_the_response_that_the_server_has_sent() {
    let (tell, told) = channel();
    let on_failure = tell.clone();
    let tracer = TraceLayer::new_for_http()
        .on_response(move |response: &Res, _: Duration, _: &Span| {
            tell.send(response.status().to_string()).unwrap();
        })
        .on_failure(
            move |failure: ServerErrorsFailureClass, _: Duration, _: &Span| {
                on_failure.send(failure.to_string()).unwrap();
            },
        );
    let (inner, server) = pair();
    repeats_a_token(&ErrorDecoderLayer::new().layer(tracer.layer(inner)), server);
    let told: Vec<_> = told.try_iter().collect();
    let status = "500 Internal Server Error";
    assert_eq!(told, [status, &format!("Status code: {status}")]);
}

// === support ===

/// A call whose response repeats a token.
fn repeats_a_token(stack: &impl Stack, mut server: Server) {
    let mut call = call(stack);
    assert_pending!(call.poll());
    let body = r#"{"status":500,"message":"no such token: cfc_canary"}"#;
    arrived(&mut server).send_response(response(500, body));
    assert_ready_err!(call.poll());
}
