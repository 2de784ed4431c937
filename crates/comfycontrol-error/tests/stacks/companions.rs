//! Tower's middleware, each outside and inside of the layer, with boxed and with typed errors. All
//! rows keep the same promises.

use comfycontrol_error::{ApiError, ApiErrorKind, ErrorDecoderLayer};
use comfycontrol_test::{
    Companion, Stack, WhileBusy, arrived, call, companions, find, head, nothing_arrived, poll,
    response,
};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower::load_shed::error::Overloaded;

companions! {
    layer: ErrorDecoderLayer,
    error: ApiError,
    room: 2,
    load_shed_outside: Sheds,
    checks: {
        an_error_is_decoded_and_a_success_passes: goes_through;
        an_unready_service_is_not_called: keeps_backpressure;
        a_failure_below_is_no_response_of_the_api: fails_below;
        a_late_body_keeps_nobody_but_its_own_call: comes_late;
    },
}

const TIER: &str = r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#;

async fn goes_through<S: Stack>(companion: Companion<ErrorDecoderLayer, S>) {
    let (stack, mut server) = companion.stack(ErrorDecoderLayer::new());
    for (status, body) in [(200, "fine"), (204, ""), (299, TIER)] {
        let mut call = call(&stack);
        assert_pending!(poll(&mut call).await);
        arrived(&mut server).send_response(response(status, body));
        let response = assert_ready_ok!(poll(&mut call).await);
        assert_eq!(
            (response.status().as_u16(), &response.body()[..]),
            (status, body.as_bytes())
        );
    }
    let mut call = call(&stack);
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_response(response(403, TIER));
    let error = assert_ready_err!(poll(&mut call).await);
    let error = find::<ApiError>(&error).expect("the layer's own error");
    assert_eq!(
        (error.status().as_u16(), error.kind()),
        (403, ApiErrorKind::TierLimit)
    );
    assert_eq!(error.message(), "Runner limit exceeded for your tier");
}

async fn keeps_backpressure<S: Stack>(companion: Companion<ErrorDecoderLayer, S>) {
    let (stack, mut server) = companion.stack(ErrorDecoderLayer::new());
    server.allow(0);
    let mut call = call(&stack);
    let outcome = poll(&mut call).await;
    nothing_arrived(&mut server);
    server.allow(1);
    if companion.while_busy() == WhileBusy::Sheds {
        let error = assert_ready_err!(outcome);
        assert!(find::<Overloaded>(&error).is_some(), "{error}");
        assert!(find::<ApiError>(&error).is_none(), "{error}");
        nothing_arrived(&mut server);
        return;
    }
    assert_pending!(outcome);
    if companion.while_busy() == WhileBusy::Waits {
        nothing_arrived(&mut server);
    }
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_response(response(200, ""));
    assert_ready_ok!(poll(&mut call).await);
}

async fn fails_below<S: Stack>(companion: Companion<ErrorDecoderLayer, S>) {
    let (stack, mut server) = companion.stack(ErrorDecoderLayer::new());
    let mut call = call(&stack);
    assert_pending!(poll(&mut call).await);
    arrived(&mut server).send_error(std::io::Error::other("reset"));
    let error = assert_ready_err!(poll(&mut call).await);
    let below = find::<std::io::Error>(&error).expect("what happened below");
    assert_eq!(below.to_string(), "reset");
    assert!(find::<ApiError>(&error).is_none());
}

async fn comes_late<S: Stack>(companion: Companion<ErrorDecoderLayer, S>) {
    let (stack, mut server) = companion.stack(ErrorDecoderLayer::new());
    let mut late = call(&stack);
    assert_pending!(poll(&mut late).await);
    let (response, body) = head(500);
    arrived(&mut server).send_response(response);
    assert_pending!(poll(&mut late).await);

    let mut other = call(&stack.clone());
    assert_pending!(poll(&mut other).await);
    let (response, dropped_body) = head(404);
    arrived(&mut server).send_response(response);
    assert_pending!(poll(&mut other).await);
    drop(other);
    assert!(dropped_body.is_closed(), "its body is still held");

    assert!(!body.is_closed());
    body.send(r#"{"message":"at last"}"#.into()).unwrap();
    let error = assert_ready_err!(poll(&mut late).await);
    let error = find::<ApiError>(&error).expect("the layer's own error");
    assert_eq!((error.status().as_u16(), error.message()), (500, "at last"));
    assert!(error.body_error().is_none());
}
