//! Errors that a service in place of the network makes itself.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use comfycontrol::retry::RetryPolicy;
use comfycontrol::timeout::TimeoutKind;
use comfycontrol::{
    Body, BodyFailed, BodyTooLarge, Client, Error, ErrorKind, InvalidRequest, Sent, TimedOut,
    TransportError,
};
use comfycontrol_test::responding;
use http::{Response, StatusCode};
use tower::{BoxError, service_fn};

use super::support::{builder, client_of, status};

/// The error of a call over a service that fails so.
async fn over<E>(fail: impl Fn() -> E + Clone + Send + Sync + 'static) -> Error
where
    E: Into<BoxError> + Send + 'static,
{
    let (transport, _) = responding(move |_| Err::<Response<Body>, _>(fail()));
    let client = builder().retry(RetryPolicy::none()).transport(transport);
    let client = client.build().unwrap();
    client.get("/x").send().await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_client_s_kind_stays_what_it_is() {
    let large = || Error::from(BodyTooLarge::new(StatusCode::OK, 5));
    for (boxed, error) in [
        (false, over(large).await),
        (true, over(move || BoxError::from(large())).await),
    ] {
        let told = (error.kind(), error.status(), error.sent());
        let expected = (ErrorKind::BodyTooLarge, Some(StatusCode::OK), Sent::Yes);
        assert_eq!(told, expected, "{boxed}");
        assert_eq!(error.as_cause::<BodyTooLarge>().unwrap().limit(), 5);
        assert!(error.as_cause::<TransportError>().is_none());
        assert_eq!(error.call().unwrap().1, "/x");
    }
    let late = || Error::from(TimedOut::new(TimeoutKind::Total, Duration::from_secs(3)));
    assert!(over(late).await.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn the_errors_of_a_client_below_come_through_a_client_above() {
    let (below, seen) = client_of(|_| status(404));
    let call = service_fn(move |req: http::Request<Body>| {
        let below = below.clone();
        async move { tower::ServiceExt::oneshot(below, req).await }
    });
    let above = Client::builder().without_token().transport(call);
    let above = above.build().unwrap();
    let error = above.get("/x").send().await.unwrap_err();
    assert_eq!(error.as_api().unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!((error.kind(), seen.count()), (ErrorKind::Api, 1));
}

#[tokio::test(start_paused = true)]
async fn any_other_error_is_one_of_the_transport() {
    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    for error in [
        over(reset).await,
        over(move || BoxError::from(reset())).await,
        over(move || TransportError::new(reset())).await,
        Error::transport(reset()),
        Error::from(TransportError::new(reset())),
    ] {
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert_eq!(error.sent(), Sent::Maybe);
        let transport: &TransportError = error.as_cause().unwrap();
        assert!(transport.source().unwrap().is::<io::Error>(), "{error:?}");
    }
}

#[test]
fn only_an_error_that_stands_right_inside_is_taken_out() {
    let own = || Error::from(BodyTooLarge::new(StatusCode::OK, 5));
    for error in [
        own(),
        Error::transport(own()),
        Error::from(TransportError::new(own())),
    ] {
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
    }
    // One that a caller has wrapped is theirs.
    let wrapped = Error::from(TransportError::new(io::Error::other(own())));
    assert_eq!(wrapped.kind(), ErrorKind::Transport);
    assert!(wrapped.as_cause::<InvalidRequest>().is_none());
    let body = BodyFailed::new(StatusCode::OK, own().into());
    assert_eq!(Error::from(body).kind(), ErrorKind::Body);
}
