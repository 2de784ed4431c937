//! What the layer and its neighbours make of each other's errors and waits.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use comfycontrol_test::{
    Req, SECOND, call, call_with, get, nothing_arrived, pair, poll, response, tracer,
};
use comfycontrol_token::{SourceError, Token, TokenProvider, TokenSource, WithoutToken};
use http::header::AUTHORIZATION;
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower::Layer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::{LoadShedLayer, error::Overloaded};
use tower::timeout::{TimeoutLayer, error::Elapsed};
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::support::{arrived, handle, layer, token};

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_ends_the_wait_for_a_token_and_nothing_is_sent() {
    let (tokens, open) = slow();
    let (inner, mut server) = pair();
    let stack = TimeoutLayer::new(SECOND).layer(layer(tokens).layer(inner));
    let mut late = call(&stack);
    assert_pending!(poll(&mut late).await);
    time::advance(2 * SECOND).await;
    assert!(assert_ready_err!(late.poll()).is::<Elapsed>());
    drop(late);
    nothing_arrived(&mut server);
    // What it waited for serves the next call.
    open.send(()).unwrap();
    let mut next = call(&stack);
    assert_pending!(landed(&mut next).await);
    assert_eq!(arrived(&mut server).0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_begins_when_the_token_is_there() {
    let (tokens, open) = slow();
    let (inner, mut server) = pair();
    let stack = layer(tokens).layer(TimeoutLayer::new(SECOND).layer(inner));
    let mut call = call(&stack);
    assert_pending!(poll(&mut call).await);
    time::advance(2 * SECOND).await;
    assert_pending!(poll(&mut call).await);
    open.send(()).unwrap();
    assert_pending!(landed(&mut call).await);
    let (_, send) = arrived(&mut server);
    send.send_response(response(200, ""));
    assert_ready_ok!(poll(&mut call).await);

    let mut late = comfycontrol_test::call(&stack);
    assert_pending!(poll(&mut late).await);
    let _on_its_way = arrived(&mut server);
    time::advance(2 * SECOND).await;
    assert!(assert_ready_err!(late.poll()).is::<Elapsed>());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_token_keeps_the_permit_it_was_made_ready_with_and_gives_it_back() {
    for outside in [true, false] {
        let (tokens, open) = slow();
        let (inner, mut server) = pair();
        let at_most = |limit| ConcurrencyLimitLayer::new(if limit { 1 } else { 9 });
        let stack = at_most(outside).layer(layer(tokens).layer(at_most(!outside).layer(inner)));
        let mut waiting = call(&stack);
        assert_pending!(poll(&mut waiting).await);
        let mut behind = call(&stack);
        assert_pending!(poll(&mut behind).await);
        drop(waiting);
        open.send(()).unwrap();
        assert_pending!(landed(&mut behind).await);
        arrived(&mut server).1.send_response(response(200, ""));
        assert_ready_ok!(poll(&mut behind).await);
    }
}

#[tokio::test(start_paused = true)]
async fn the_instance_that_was_made_ready_is_called_after_the_wait() {
    let (tokens, open) = slow();
    let (inner, mut server) = pair();
    server.allow(1);
    // It sheds a call through any instance that was not asked.
    let stack = layer(tokens).layer(LoadShedLayer::new().layer(inner));
    let mut waiting = call(&stack);
    assert_pending!(poll(&mut waiting).await);
    open.send(()).unwrap();
    assert_pending!(landed(&mut waiting).await);
    arrived(&mut server).1.send_response(response(200, ""));
    assert_ready_ok!(poll(&mut waiting).await);
    // There is no room for a second one.
    assert!(assert_ready_err!(call(&stack).poll()).is::<Overloaded>());
}

#[test]
fn a_tracer_inside_shows_that_there_is_a_token_and_outside_not_even_that() {
    let (tell, told) = channel();
    let tracer = TraceLayer::new_for_http().on_request(move |request: &Req, _: &Span| {
        tell.send(format!("{:?}", request.headers())).unwrap();
    });
    let (inner, _server) = pair();
    let outside = tracer.clone().layer(layer(handle()).layer(inner));
    assert_pending!(call(&outside).poll());
    assert_eq!(told.try_recv().unwrap(), "{}");

    let (inner, _server) = pair();
    let inside = layer(handle()).layer(tracer.layer(inner));
    assert_pending!(call(&inside).poll());
    assert_eq!(told.try_recv().unwrap(), r#"{"authorization": Sensitive}"#);
}

#[test]
fn a_request_marked_without_token_passes_every_neighbour_without_one() {
    let (inner, mut server) = pair();
    let inside = ConcurrencyLimitLayer::new(1).layer(tracer().layer(inner));
    let stack = LoadShedLayer::new().layer(layer(handle()).layer(inside));
    let mut request = get("https://api.example/status");
    request.extensions_mut().insert(WithoutToken);
    let mut call = call_with(&stack, request);
    assert_pending!(call.poll());
    let std::task::Poll::Ready(Some((request, _))) = server.poll_request() else {
        panic!("nothing was sent");
    };
    assert!(!request.headers().contains_key(AUTHORIZATION));
}

// === support ===

/// A provider whose source is silent until it is told, or ten seconds have passed.
fn slow() -> (TokenProvider, Sender<()>) {
    struct Slow(Mutex<Receiver<()>>);

    impl TokenSource for Slow {
        fn read(&self) -> Result<Token, SourceError> {
            let _ = self.0.lock().unwrap().recv_timeout(10 * SECOND);
            Ok(token(1))
        }
    }

    let (open, opened) = channel();
    (TokenProvider::new(Slow(Mutex::new(opened))), open)
}

/// Polls until the reading has ended: the paused clock stands still while a thread reads.
async fn landed<F: Future>(call: &mut tokio_test::task::Spawn<F>) -> std::task::Poll<F::Output> {
    time::sleep(time::Duration::from_millis(1)).await;
    poll(call).await
}
