//! What the layer and its neighbours make of each other's errors and waits.

use comfycontrol_rate_limit::{Limiter, Rejected};
use comfycontrol_test::{
    Failed, MILLISECOND, SECOND, Server, Stack, arrived, call, find, nothing_arrived, pair, poll,
    response, typed,
};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::Layer;
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::{LoadShedLayer, error::Overloaded};
use tower::timeout::{TimeoutLayer, error::Elapsed};

use super::support::{LINGER, WINDOW, builder};

#[tokio::test(start_paused = true)]
async fn a_timeout_outside_ends_the_wait_and_nothing_is_consumed() {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    let limited = limiter.layer().layer(inner);
    spend(&limited, &mut server);
    let mut late = call(&TimeoutLayer::new(SECOND).layer(limited));
    assert_pending!(late.poll());
    assert_eq!(limiter.snapshot().queued(), 1);
    time::advance(SECOND + MILLISECOND).await;
    assert!(assert_ready_err!(late.poll()).is::<Elapsed>());
    drop(late);
    let seen = limiter.snapshot();
    assert_eq!((seen.queued(), seen.granted(), seen.lost()), (0, 1, 0));
    nothing_arrived(&mut server);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_a_request_on_its_way_keeps_the_slot_until_it_cannot_be_counted() {
    let timeout = TimeoutLayer::new(SECOND);
    let limiter = builder(1).build();
    let (inner, server) = pair();
    let outside = timeout.layer(limiter.layer().layer(inner));
    elapses(&outside, server, &limiter).await;

    let limiter = builder(1).build();
    let (inner, server) = pair();
    let inside = limiter.layer().layer(timeout.layer(inner));
    elapses(&inside, server, &limiter).await;

    let limiter = builder(1).build();
    let (inner, server) = pair();
    let inside_typed = limiter
        .layer()
        .layer(typed::<_, _, Rejected>(timeout.layer(inner)));
    elapses(&inside_typed, server, &limiter).await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_begins_when_the_slot_is_there() {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    let stack = limiter
        .layer()
        .layer(TimeoutLayer::new(SECOND).layer(inner));
    spend(&stack, &mut server);
    let mut patient = call(&stack);
    assert_pending!(patient.poll());
    time::advance(WINDOW + MILLISECOND).await;
    assert_pending!(patient.poll());
    let server_side = arrived(&mut server);
    time::advance(SECOND - MILLISECOND).await;
    assert_pending!(patient.poll());
    server_side.send_response(response(200, ""));
    assert_ready_ok!(patient.poll());
    assert_eq!(limiter.snapshot().lost(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_outside_bounds_the_queue_and_inside_it_does_not() {
    for (outside, queued) in [(true, 1), (false, 3)] {
        let limiter = builder(1).build();
        let (inner, mut server) = pair();
        spend(&limiter.layer().layer(inner.clone()), &mut server);
        let at_most = |limit| ConcurrencyLimitLayer::new(if limit { 1 } else { 9 });
        let stack = at_most(outside).layer(limiter.layer().layer(at_most(!outside).layer(inner)));
        let mut calls = [call(&stack), call(&stack), call(&stack)];
        for call in &mut calls {
            assert_pending!(call.poll());
        }
        assert_eq!(limiter.snapshot().queued(), queued);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_slot_holds_no_permit_of_a_concurrency_limit_inside() {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    let narrow = ConcurrencyLimitLayer::new(1).layer(inner);
    let stack = limiter.layer().layer(narrow.clone());
    spend(&stack, &mut server);
    let mut waiting = call(&stack);
    assert_pending!(waiting.poll());
    let mut beside = call(&narrow);
    assert_pending!(beside.poll());
    arrived(&mut server).send_response(response(200, ""));
    assert_ready_ok!(beside.poll());
}

#[tokio::test(start_paused = true)]
async fn who_has_to_wait_for_a_slot_again_keeps_such_a_permit_and_is_next() {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    server.allow(0);
    let narrow = ConcurrencyLimitLayer::new(1).layer(inner);
    let stack = limiter.layer().layer(narrow.clone());
    // It has a slot and the permit, and waits for what is further in.
    let mut parked = call(&stack);
    assert_pending!(parked.poll());
    let mut rival = task::spawn(limiter.acquire());
    assert_pending!(rival.poll());
    time::advance(SECOND + MILLISECOND).await;
    let slot = assert_ready_ok!(rival.poll());
    assert_pending!(parked.poll());
    server.allow(2);
    assert!(parked.is_woken());
    assert_pending!(parked.poll());
    let mut behind = call(&stack);
    assert_pending!(behind.poll());
    nothing_arrived(&mut server);
    drop(slot);
    assert!(parked.is_woken() && !behind.is_woken());
    assert_pending!(parked.poll());
    arrived(&mut server).send_response(response(200, ""));
    assert_ready_ok!(parked.poll());
    let mut beside = call(&narrow);
    assert_pending!(beside.poll());
    arrived(&mut server);
}

#[tokio::test(start_paused = true)]
async fn a_concurrency_limit_inside_that_is_full_passes_the_slot_on() {
    let limiter = builder(2).build();
    let (inner, mut server) = pair();
    let stack = limiter
        .layer()
        .layer(ConcurrencyLimitLayer::new(1).layer(inner));
    let mut sent = call(&stack);
    assert_pending!(sent.poll());
    let server_side = arrived(&mut server);
    let mut parked = call(&stack);
    assert_pending!(parked.poll());
    let mut other = task::spawn(limiter.acquire());
    assert_pending!(other.poll());
    time::advance(SECOND + MILLISECOND).await;
    drop(assert_ready_ok!(other.poll()));
    server_side.send_response(response(200, ""));
    assert_ready_ok!(sent.poll());
    assert_pending!(parked.poll());
    arrived(&mut server).send_response(response(200, ""));
    assert_ready_ok!(parked.poll());
}

#[tokio::test(start_paused = true)]
async fn what_is_shed_inside_keeps_its_slot_as_any_failed_request() {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    server.allow(0);
    let stack = limiter
        .layer()
        .layer(typed::<_, _, Rejected>(LoadShedLayer::new().layer(inner)));
    let error = assert_ready_err!(call(&stack).poll());
    let Ok(Failed::Below(error)) = error.downcast::<Failed<Rejected>>().map(|error| *error) else {
        panic!("taken for the limiter's own");
    };
    assert!(error.is::<Overloaded>());
    time::advance(LINGER + WINDOW - MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(2 * MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}

#[tokio::test(start_paused = true)]
async fn load_shedding_outside_hands_the_limiters_rejection_on_and_sheds_nothing() {
    let limiter = builder(1).max_queued(1).build();
    let (inner, mut server) = pair();
    let stack = LoadShedLayer::new().layer(limiter.layer().layer(inner));
    spend(&stack, &mut server);
    let mut waiting = call(&stack);
    assert_pending!(waiting.poll());
    let error = assert_ready_err!(call(&stack).poll());
    assert!(error.is::<Rejected>(), "{error}");
    time::advance(WINDOW + MILLISECOND).await;
    assert_pending!(waiting.poll());
    arrived(&mut server);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_lies_in_a_buffer_inside_is_never_sent() {
    let limiter = builder(2).build();
    let (inner, mut server) = pair();
    server.allow(0);
    let stack = limiter.layer().layer(BufferLayer::new(8).layer(inner));
    let mut dropped = call(&stack);
    assert_pending!(poll(&mut dropped).await);
    drop(dropped);
    assert_eq!(limiter.snapshot().lost(), 1, "the limiter cannot know");
    server.allow(2);
    let mut next = call(&stack);
    assert_pending!(poll(&mut next).await);
    arrived(&mut server);
    nothing_arrived(&mut server);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_behind_a_buffer_outside_gives_its_place_up() {
    let limiter = builder(1).build();
    let (inner, mut server) = pair();
    let stack = BufferLayer::new(8).layer(limiter.layer().layer(inner.clone()));
    spend(&limiter.layer().layer(inner), &mut server);
    let mut calls = [call(&stack), call(&stack)];
    for call in &mut calls {
        assert_pending!(poll(call).await);
    }
    assert_eq!(limiter.snapshot().queued(), 2);
    let [dropped, mut next] = calls;
    drop(dropped);
    assert_eq!(limiter.snapshot().queued(), 1);
    time::advance(WINDOW + MILLISECOND).await;
    assert_pending!(poll(&mut next).await);
    arrived(&mut server);
}

// === support ===

/// One slot, used for a request and its response.
fn spend(stack: &impl Stack, server: &mut Server) {
    let mut call = call(stack);
    assert_pending!(call.poll());
    arrived(server).send_response(response(200, ""));
    assert_ready_ok!(call.poll());
}

/// The call leaves, is given up by a timeout, and lingers.
async fn elapses(stack: &impl Stack, mut server: Server, limiter: &Limiter) {
    let mut call = call(stack);
    assert_pending!(call.poll());
    let _on_its_way = arrived(&mut server);
    time::advance(SECOND + MILLISECOND).await;
    let error = assert_ready_err!(call.poll());
    assert!(find::<Elapsed>(&error).is_some(), "{error}");
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.lost()), (0, 0, 1));
    time::advance(LINGER + WINDOW - MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(2 * MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}
