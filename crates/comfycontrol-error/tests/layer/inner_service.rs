//! What comes from the service below is kept.

use std::future::ready;

use bytes::Bytes;
use comfycontrol_error::{ApiError, ApiErrorKind, ErrorDecoderLayer};
use http::{Method, Request, Response};
use http_body_util::{Empty, Full};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service};
use tower_test::mock;

use crate::support::{Canned, api_error, get, response};

#[test]
fn readiness_is_the_inner_services() {
    let (mut service, mut handle) =
        mock::spawn_layer::<Request<()>, Response<Full<Bytes>>, _>(ErrorDecoderLayer::new());
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(get()));
    assert_pending!(call.poll());
    handle.send_error("the inner service's own");
    assert_eq!(
        assert_ready_err!(service.poll_ready()).to_string(),
        "the inner service's own"
    );
}

#[test]
fn extensions_of_the_response_are_kept() {
    #[derive(Clone, Debug, PartialEq)]
    struct Marker(u8);

    let mut marked = response(401, Full::new(Bytes::from("x")));
    marked.extensions_mut().insert(Marker(7));
    let inner = Canned::once(marked);
    let mut call = task::spawn(ErrorDecoderLayer::new().layer(inner).call(get()));
    let error = api_error(assert_ready_err!(call.poll()));
    assert_eq!(error.extensions().get(), Some(&Marker(7)));

    let response = error.clone().into_response();
    assert_eq!(response.extensions().get(), Some(&Marker(7)));
    assert_eq!(
        (response.status().as_u16(), &response.body()[..]),
        (401, &b"x"[..])
    );
    assert_eq!(
        ApiError::from_response(response).to_string(),
        error.to_string()
    );
}

#[test]
fn a_typed_error_stays_typed() {
    #[derive(Debug)]
    enum Mine {
        Api(ApiError),
        Inner,
    }

    impl From<ApiError> for Mine {
        fn from(error: ApiError) -> Self {
            Self::Api(error)
        }
    }

    let inner = tower::service_fn(|req: Request<()>| {
        ready(match req.method() {
            &Method::GET => Ok(Response::builder()
                .status(404)
                .body(Empty::<Bytes>::new())
                .unwrap()),
            _ => Err(Mine::Inner),
        })
    });
    let mut service = ErrorDecoderLayer::new().layer(inner);
    let error = assert_ready_err!(task::spawn(service.call(get())).poll());
    assert!(matches!(error, Mine::Api(error) if error.kind() == ApiErrorKind::NotFound));
    let mut post = get();
    *post.method_mut() = Method::POST;
    let error = assert_ready_err!(task::spawn(service.call(post)).poll());
    assert!(matches!(error, Mine::Inner));
}
