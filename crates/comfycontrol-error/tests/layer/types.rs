//! Types and traits that can be relied on when stacking.

use std::error::Error;
use std::marker::PhantomPinned;
use std::task::Context;

use bytes::Bytes;
use comfycontrol_error::{ApiError, BodyIncomplete, ErrorDecoderLayer};
use http::{Request, Response};
use http_body_util::Full;
use tokio_test::assert_ready_err;
use tower::{BoxError, Layer, Service};

use crate::support::{Fixed, api_error, canned, get};

#[test]
fn keeps_the_error_and_body_types_and_the_auto_traits() {
    fn check<S, B>(_: &S)
    where
        S: Service<Request<()>, Response = Response<B>, Error = BoxError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
    }
    fn check_error<E: Error + Clone + Send + Sync + 'static>() {}

    check::<_, Full<Bytes>>(&ErrorDecoderLayer::new().layer(canned(200, Full::default())));
    check::<_, Fixed>(&ErrorDecoderLayer::new().layer(canned(200, Fixed(PhantomPinned))));
    check_error::<ApiError>();
    check_error::<BodyIncomplete>();
}

#[test]
fn a_body_that_must_not_move_is_read_where_it_is() {
    let layer = ErrorDecoderLayer::new().max_error_body("fixed".len());
    let mut call = Box::pin(layer.layer(canned(418, Fixed(PhantomPinned))).call(get()));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let error = api_error(assert_ready_err!(call.as_mut().poll(&mut cx)));
    assert_eq!(error.message(), "fixed");
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = ErrorDecoderLayer::new().layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}

#[test]
fn the_error_is_one_word_wide() {
    assert_eq!(size_of::<ApiError>(), size_of::<usize>());
    assert_eq!(size_of::<Option<ApiError>>(), size_of::<usize>());
}
