//! Types, errors and responses pass through as they are.

use comfycontrol_rate_limit::{
    Acquire, Limiter, RateLimit, RateLimitLayer, Rejected, ResponseFuture,
};
use http::{Request, Response};
use tokio::time;
use tokio_test::{assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};
use tower_test::mock;

use super::mocked::{Req, Res, call};
use super::support::{SECOND, builder, quota, respond, send, sliding};
use super::watchdog::poll_once;

#[derive(Debug, PartialEq)]
enum Typed {
    Limited(Rejected),
    Own,
}

impl From<Rejected> for Typed {
    fn from(error: Rejected) -> Self {
        Self::Limited(error)
    }
}

#[tokio::test(start_paused = true)]
async fn the_inner_services_errors_pass_unchanged_and_ours_arrive_typed() {
    let limiter = Limiter::builder(quota(1)).max_queued(0).build();
    let inner = service_fn(async |_: Req| Err::<Res, _>(Typed::Own));
    let mut service = limiter.layer().layer(inner);
    assert_eq!(assert_ready_err!(call(&mut service, "").poll()), Typed::Own);
    let error = assert_ready_err!(call(&mut service, "").poll());
    assert!(matches!(error, Typed::Limited(_)));

    let inner = service_fn(async |_: Req| Err::<Res, BoxError>("own".into()));
    let mut service = limiter.layer().layer(inner);
    let error = assert_ready_err!(call(&mut service, "").poll());
    assert!(error.is::<Rejected>());
}

#[tokio::test(start_paused = true)]
async fn the_response_passes_untouched() {
    #[derive(Clone, Debug, PartialEq)]
    struct Mark;
    let inner = service_fn(async |request: Req| {
        assert_eq!(request.extensions().get(), Some(&Mark));
        let response = Response::builder()
            .status(503)
            .header("x", "y")
            .extension(Mark);
        Ok::<_, BoxError>(response.body(request.into_body()).unwrap())
    });
    let mut service = ServiceBuilder::new()
        .layer(sliding(1).layer())
        .service(inner);
    let mut request = Request::new("body");
    request.extensions_mut().insert(Mark);
    let response = assert_ready_ok!(task::spawn(service.call(request)).poll());
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["x"], "y");
    assert_eq!(response.extensions().get(), Some(&Mark));
    assert_eq!(*response.body(), "body");
}

#[test]
fn is_what_a_layer_must_be() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    fn sendable<T: Send + 'static>() {}
    fn pollable_anywhere<T: Send + Sync + Unpin + 'static>() {}
    fn same_error<S, E>()
    where
        S: Service<Request<&'static str>, Error = E>,
    {
    }
    type Inner = mock::Mock<Req, Res>;
    shareable::<RateLimitLayer>();
    shareable::<RateLimit<Inner>>();
    shareable::<Limiter>();
    pollable_anywhere::<Acquire>();
    sendable::<ResponseFuture<Inner, &'static str>>();
    same_error::<RateLimit<Inner>, BoxError>();
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = sliding(1).layer().layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "polled after completion")]
async fn a_rejected_acquire_is_over() {
    let limiter = builder(1).max_queued(0).build();
    respond(send(&limiter));
    let mut rejected = Box::pin(limiter.acquire());
    assert!(poll_once(rejected.as_mut()).is_ready());
    time::advance(30 * SECOND).await;
    _ = poll_once(rejected.as_mut());
}
