//! What a request costs on the way through: no heap at all.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use comfycontrol_test::at_once;
use comfycontrol_token::{
    AddTokenLayer, AsyncTokenSource, Origin, ResponseFuture, SourceError, Token, TokenFuture,
    TokenProvider, TokenSource, TokenWithheld,
};
use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request, Response};
use tokio::runtime;
use tower::{Layer, Service};

#[derive(Debug)]
struct Never;

impl From<TokenWithheld> for Never {
    fn from(_: TokenWithheld) -> Self {
        Self
    }
}

impl From<Infallible> for Never {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

struct Pulled(Token);

impl TokenSource for Pulled {
    fn read(&self) -> Result<Token, SourceError> {
        Ok(self.0.clone())
    }
}

impl AsyncTokenSource for Pulled {
    fn read(&self) -> TokenFuture<'_> {
        Box::pin(ready(Ok(self.0.clone())))
    }
}

#[derive(Clone)]
struct Bare;

impl Service<Request<()>> for Bare {
    type Response = Response<()>;
    type Error = Never;
    type Future = Ready<Result<Response<()>, Never>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Never>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert!(request.headers().contains_key(AUTHORIZATION));
        ready(Ok(Response::new(())))
    }
}

#[test]
fn a_request_costs_no_allocation_with_a_fixed_or_with_a_read_token() {
    let token = Token::parse("cfc_abc").unwrap();
    for provider in [
        TokenProvider::from(token.clone()),
        TokenProvider::new(Pulled(token.clone())),
        TokenProvider::from_async(Pulled(token)),
    ] {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(provider.preload_async()).unwrap();
        let origin = Origin::parse("https://api.example").unwrap();
        let mut service = AddTokenLayer::new(origin, provider).layer(Bare);
        let mut send = move |request| {
            drop(at_once(service.call(request)).unwrap());
        };
        send(request());
        let request = request();
        let used = allocation_counter::measure(|| send(request));
        assert_eq!(used.count_total, 0);
    }
    // The counter counts.
    assert_eq!(
        allocation_counter::measure(|| drop(Box::new(1_u8))).count_total,
        1
    );
}

#[test]
fn the_future_is_hardly_larger_than_the_inner_one() {
    type Inner = <Bare as Service<Request<()>>>::Future;
    let more = size_of::<ResponseFuture<Bare, ()>>() - size_of::<Inner>();
    assert!(more <= 4 * size_of::<usize>(), "{more} bytes");
}

// === support ===

fn request() -> Request<()> {
    let mut request = Request::get("https://api.example/v1/user")
        .body(())
        .unwrap();
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    request
        .headers_mut()
        .insert(USER_AGENT, HeaderValue::from_static("test"));
    request
}
