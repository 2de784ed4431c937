//! The layer over a service that does as it is told, and panics when an instance is called that was
//! not made ready.

use comfycontrol_rate_limit::{Limiter, RateLimit};
use comfycontrol_test::arrived;
use http::{Request, Response};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service};
use tower_test::mock::{self, Handle};

pub(crate) type Req = Request<&'static str>;
pub(crate) type Res = Response<&'static str>;
pub(crate) type Mocked = RateLimit<mock::Mock<Req, Res>>;

pub(crate) fn spawn(limiter: &Limiter) -> (Mocked, Handle<Req, Res>) {
    let (service, handle) = mock::pair();
    (limiter.layer().layer(service), handle)
}

pub(crate) fn call<S: Service<Req>>(service: &mut S, body: &'static str) -> task::Spawn<S::Future> {
    task::spawn(service.call(Request::new(body)))
}

pub(crate) fn respond(handle: &mut Handle<Req, Res>, body: &'static str) {
    arrived(handle).send_response(Response::new(body));
}

/// One call and its response.
pub(crate) fn exchange(service: &mut Mocked, handle: &mut Handle<Req, Res>) {
    let mut call = call(service, "");
    assert_pending!(call.poll());
    respond(handle, "");
    assert_ready_ok!(call.poll());
}
