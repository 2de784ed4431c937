use std::future::Future;
use std::time::Duration;

use comfycontrol_token::{AddToken, AddTokenLayer, Origin, Token, Tokens};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use tokio::time;
use tokio_test::{assert_ready, assert_ready_ok};
use tower::{BoxError, Layer, Service};
use tower_test::mock::{self, Handle};

pub(crate) type Req = Request<()>;
pub(crate) type Res = Response<&'static str>;
pub(crate) type Mocked = mock::Spawn<AddToken<mock::Mock<Req, Res>>>;

pub(crate) fn origin() -> Origin {
    Origin::parse("https://api.example").unwrap()
}

pub(crate) fn token(random: &str) -> Token {
    Token::parse(format!("cfc_{random}")).unwrap()
}

pub(crate) fn get() -> Req {
    to("https://api.example/v1/user")
}

pub(crate) fn to(uri: &str) -> Req {
    Request::get(uri).body(()).unwrap()
}

pub(crate) fn refusal() -> Res {
    Response::builder().status(401).body("").unwrap()
}

/// The layer over a service that decides by the token what to answer.
pub(crate) fn over(
    tokens: impl Into<Tokens>,
    status: impl Fn(&str) -> StatusCode + Clone,
) -> AddToken<impl Service<Req, Response = Res, Error = BoxError, Future: Send> + Clone> {
    AddTokenLayer::new(origin(), tokens).layer(tower::service_fn(move |request: Req| {
        let status = status(request.headers()[AUTHORIZATION].to_str().unwrap());
        async move { Ok::<_, BoxError>(Response::builder().status(status).body("").unwrap()) }
    }))
}

/// The layer over a mock, ready to be called.
pub(crate) fn mocked(tokens: impl Into<Tokens>) -> (Mocked, Handle<Req, Res>) {
    let layer = AddTokenLayer::new(origin(), tokens);
    let (mut service, handle) = mock::spawn_layer(layer);
    assert_ready_ok!(service.poll_ready());
    (service, handle)
}

/// The one request that must already be waiting; never blocks.
pub(crate) fn received(handle: &mut Handle<Req, Res>) -> (Req, mock::SendResponse<Res>) {
    assert_ready!(handle.poll_request()).expect("mock closed")
}

/// The token of the one request that must already be waiting.
pub(crate) fn token_of(handle: &mut Handle<Req, Res>) -> String {
    let (request, _send) = received(handle);
    request.headers()[AUTHORIZATION].to_str().unwrap().into()
}

/// Waits for another thread, and fails instead of hanging.
pub(crate) fn until(done: impl Fn() -> bool) {
    for _ in 0..10_000_000 {
        if done() {
            return;
        }
        std::thread::yield_now();
    }
    panic!("wedged");
}

/// Fails instead of hanging: the paused clock runs on when there is nothing left to do.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    time::timeout(Duration::from_secs(60), future)
        .await
        .expect("wedged")
}
