//! Tower's middleware, each outside and inside of the layer, with boxed and with typed errors. All
//! rows keep the same promises.

use comfycontrol_test::{
    Companion, Log, Stack, WhileBusy, call, call_with, companions, find, get, nothing_arrived,
    poll, response,
};
use comfycontrol_token::{AddTokenLayer, TokenReplaced, TokenWithheld, WithheldReason};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower::load_shed::error::Overloaded;

use super::support::{SECRET, arrived, handle, layer, token};

companions! {
    layer: AddTokenLayer,
    error: TokenWithheld,
    room: 1,
    load_shed_outside: Sheds,
    checks: {
        the_token_arrives_and_no_log_shows_it: goes_through;
        an_unready_service_is_not_called: keeps_backpressure;
        a_request_withheld_says_so_and_the_next_one_goes: is_withheld;
        clones_share_the_token_and_hear_of_the_next: clones_share;
    },
}

async fn goes_through<S: Stack>(companion: Companion<AddTokenLayer, S>) {
    let log = Log::default();
    let _guard = log.capture();
    let (stack, mut server) = companion.stack(layer(handle()));
    for (status, body) in [(202, "done"), (500, "broken")] {
        let mut call = call(&stack);
        assert_pending!(poll(&mut call).await);
        let (number, send) = arrived(&mut server);
        assert_eq!(number, 1);
        send.send_response(response(status, body));
        let response = assert_ready_ok!(poll(&mut call).await);
        assert_eq!(response.status(), status);
        assert_eq!(response.into_body(), body);
    }
    let mut failing = call(&stack);
    assert_pending!(poll(&mut failing).await);
    arrived(&mut server).1.send_error("reset");
    let error = assert_ready_err!(poll(&mut failing).await);
    tracing::error!(%error, ?error);
    assert!(!log.text().contains(SECRET), "{}", log.text());
    // It would have been seen.
    tracing::trace!("{SECRET}");
    assert!(log.text().contains(SECRET));
}

async fn keeps_backpressure<S: Stack>(companion: Companion<AddTokenLayer, S>) {
    let handle = handle();
    let (stack, mut server) = companion.stack(layer(handle.clone()));
    server.allow(0);
    let mut call = call(&stack);
    let outcome = poll(&mut call).await;
    nothing_arrived(&mut server);
    handle.rotate(token(2));
    server.allow(1);
    let expected = match companion.while_busy() {
        // It is shed, by either side.
        WhileBusy::Sheds => {
            let error = assert_ready_err!(outcome);
            assert!(find::<Overloaded>(&error).is_some(), "{error}");
            nothing_arrived(&mut server);
            return;
        }
        // It is in the buffer, with the token of its moment.
        WhileBusy::Buffers => 1,
        // It has no token yet.
        WhileBusy::Waits => 2,
    };
    assert_pending!(outcome);
    assert_pending!(poll(&mut call).await);
    let (number, send) = arrived(&mut server);
    assert_eq!(number, expected);
    send.send_response(response(200, ""));
    assert_ready_ok!(poll(&mut call).await);
}

async fn is_withheld<S: Stack>(companion: Companion<AddTokenLayer, S>) {
    let (stack, mut server) = companion.stack(layer(handle()));
    for _ in 0..3 {
        let mut call = call_with(&stack, get("/v1/user"));
        let error = assert_ready_err!(poll(&mut call).await);
        let error = find::<TokenWithheld>(&error).expect("the layer's own error");
        assert_eq!(error.reason(), WithheldReason::UriNotAbsolute);
        nothing_arrived(&mut server);
    }
    // Neither a permit nor a place in a buffer is lost.
    let mut next = call(&stack);
    assert_pending!(poll(&mut next).await);
    arrived(&mut server).1.send_response(response(200, ""));
    assert_ready_ok!(poll(&mut next).await);
}

async fn clones_share<S: Stack>(companion: Companion<AddTokenLayer, S>) {
    let handle = handle();
    let (stack, mut server) = companion.stack(layer(handle.clone()));
    let mut old = call(&stack);
    assert_pending!(poll(&mut old).await);
    let (number, send) = arrived(&mut server);
    assert_eq!(number, 1);
    handle.rotate(token(2));
    send.send_response(response(401, "revoked"));
    let outcome = assert_ready_ok!(poll(&mut old).await);
    assert_eq!(outcome.status(), 401);
    assert!(outcome.extensions().get::<TokenReplaced>().is_some());

    let mut new = call(&stack.clone());
    assert_pending!(poll(&mut new).await);
    let (number, send) = arrived(&mut server);
    assert_eq!(number, 2);
    send.send_response(response(401, "revoked as well"));
    let outcome = assert_ready_ok!(poll(&mut new).await);
    assert!(outcome.extensions().get::<TokenReplaced>().is_none());
}
