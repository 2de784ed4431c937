//! Tower's middleware, each outside and inside of the layer, with boxed and with typed errors. All
//! rows keep the same promises.

use comfycontrol_rate_limit::{RateLimitLayer, Rejected, RejectedReason};
use comfycontrol_test::{
    Companion, MILLISECOND, SECOND, Stack, WhileBusy, arrived, call, companions, find,
    nothing_arrived, poll, response,
};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::load_shed::error::Overloaded;

use super::support::{LINGER, PAUSE, WINDOW, builder};

companions! {
    layer: RateLimitLayer,
    error: Rejected,
    room: 4,
    load_shed_outside: Waits,
    checks: {
        a_request_goes_through_and_is_counted: goes_through;
        an_unready_service_is_not_called_and_holds_no_slot: keeps_backpressure;
        a_call_not_admitted_says_so_and_is_not_sent: is_not_admitted;
        clones_share_the_quota_and_the_cooldown: clones_share;
        a_dropped_call_keeps_its_slot_while_it_may_be_on_its_way: is_dropped;
    },
}

async fn goes_through<S: Stack>(companion: Companion<RateLimitLayer, S>) {
    let limiter = builder(2).build();
    let (stack, mut server) = companion.stack(limiter.layer());
    let mut call = call(&stack);
    assert_pending!(poll(&mut call).await);
    assert_eq!(limiter.snapshot().in_flight(), 1);
    arrived(&mut server).send_response(response(202, "done"));
    let response = assert_ready_ok!(poll(&mut call).await);
    assert_eq!(response.status(), 202);
    assert_eq!(response.into_body(), "done");
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.lost()), (1, 0, 0));
}

async fn keeps_backpressure<S: Stack>(companion: Companion<RateLimitLayer, S>) {
    let limiter = builder(1).build();
    let (stack, mut server) = companion.stack(limiter.layer());
    server.allow(0);
    let mut call = call(&stack);
    let outcome = poll(&mut call).await;
    nothing_arrived(&mut server);
    let seen = limiter.snapshot();
    match companion.while_busy() {
        // It has left the limiter and is in the buffer.
        WhileBusy::Buffers => {
            assert_pending!(outcome);
            assert_eq!((seen.in_flight(), seen.lost()), (1, 0));
            server.allow(1);
            assert_pending!(poll(&mut call).await);
            arrived(&mut server).send_response(response(200, ""));
            assert_ready_ok!(poll(&mut call).await);
        }
        // It is shed by the middleware inside, which the limiter cannot know from a failed request.
        WhileBusy::Sheds => {
            assert!(find::<Overloaded>(&assert_ready_err!(outcome)).is_some());
            assert_eq!((seen.free(), seen.in_flight(), seen.lost()), (0, 0, 1));
        }
        // It holds nothing for longer than a second.
        WhileBusy::Waits => {
            assert_pending!(outcome);
            let mut rival = task::spawn(limiter.acquire());
            assert_pending!(rival.poll());
            time::advance(SECOND + MILLISECOND).await;
            let permit = assert_ready_ok!(rival.poll(), "the slot is held");
            assert_pending!(poll(&mut call).await);
            drop(permit);
            server.allow(1);
            assert_pending!(poll(&mut call).await);
            arrived(&mut server).send_response(response(200, ""));
            assert_ready_ok!(poll(&mut call).await);
            assert_eq!(limiter.snapshot().lost(), 0);
        }
    }
}

async fn is_not_admitted<S: Stack>(companion: Companion<RateLimitLayer, S>) {
    let limiter = builder(1).max_queued(0).build();
    let (stack, mut server) = companion.stack(limiter.layer());
    let mut first = call(&stack);
    assert_pending!(poll(&mut first).await);
    let server_side = arrived(&mut server);
    let error = assert_ready_err!(poll(&mut call(&stack)).await);
    let error = find::<Rejected>(&error).expect("the limiter's own error");
    assert_eq!(error.reason(), RejectedReason::QueueFull);
    nothing_arrived(&mut server);
    // The stack still serves.
    server_side.send_response(response(200, ""));
    assert_ready_ok!(poll(&mut first).await);
    time::advance(WINDOW + MILLISECOND).await;
    let mut next = call(&stack);
    assert_pending!(poll(&mut next).await);
    arrived(&mut server);
}

async fn clones_share<S: Stack>(companion: Companion<RateLimitLayer, S>) {
    let limiter = builder(2).build();
    let (stack, mut server) = companion.stack(limiter.layer());
    let mut throttled = call(&stack);
    assert_pending!(poll(&mut throttled).await);
    arrived(&mut server).send_response(response(429, "slow down"));
    assert_eq!(assert_ready_ok!(poll(&mut throttled).await).status(), 429);

    let mut held_back = call(&stack.clone());
    assert_pending!(poll(&mut held_back).await);
    assert_eq!(limiter.snapshot().queued(), 1);
    time::advance(PAUSE - MILLISECOND).await;
    assert_pending!(poll(&mut held_back).await);
    nothing_arrived(&mut server);
    time::advance(2 * MILLISECOND).await;
    assert_pending!(poll(&mut held_back).await);
    arrived(&mut server).send_response(response(200, ""));
    assert_ready_ok!(poll(&mut held_back).await);
}

async fn is_dropped<S: Stack>(companion: Companion<RateLimitLayer, S>) {
    let limiter = builder(1).build();
    let (stack, mut server) = companion.stack(limiter.layer());
    let mut given_up = call(&stack);
    assert_pending!(poll(&mut given_up).await);
    drop(given_up);
    let seen = limiter.snapshot();
    assert_eq!((seen.free(), seen.in_flight(), seen.lost()), (0, 0, 1));
    let _on_its_way = arrived(&mut server);
    time::advance(LINGER + WINDOW - MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(2 * MILLISECOND).await;
    assert_eq!(limiter.snapshot().free(), 1);
}
