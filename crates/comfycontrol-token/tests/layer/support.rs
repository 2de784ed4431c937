use comfycontrol_test::next_request;
use comfycontrol_token::{AddToken, AddTokenLayer, Origin, Token, TokenProvider};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use tokio_test::assert_ready_ok;
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

pub(crate) fn unauthorized() -> Res {
    Response::builder().status(401).body("").unwrap()
}

/// The layer over a service that decides by the token what to respond.
pub(crate) fn over(
    provider: impl Into<TokenProvider>,
    status: impl Fn(&str) -> StatusCode + Clone,
) -> AddToken<impl Service<Req, Response = Res, Error = BoxError, Future: Send> + Clone> {
    AddTokenLayer::new(origin(), provider).layer(tower::service_fn(move |request: Req| {
        let status = status(request.headers()[AUTHORIZATION].to_str().unwrap());
        async move { Ok::<_, BoxError>(Response::builder().status(status).body("").unwrap()) }
    }))
}

/// The layer over a mock, ready to be called.
pub(crate) fn mocked(provider: impl Into<TokenProvider>) -> (Mocked, Handle<Req, Res>) {
    let layer = AddTokenLayer::new(origin(), provider);
    let (mut service, handle) = mock::spawn_layer(layer);
    assert_ready_ok!(service.poll_ready());
    (service, handle)
}

/// The token of the one request that must already be waiting.
pub(crate) fn token_of(handle: &mut Handle<Req, Res>) -> String {
    let (request, _send) = next_request(handle);
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
