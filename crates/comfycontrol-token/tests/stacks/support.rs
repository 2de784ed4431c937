use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_token::{AddTokenLayer, Origin, Token, TokenHandle, TokenWithheld, Tokens};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tokio_test::{assert_ready, task};
use tower::util::MapErr;
use tower::{BoxError, Service, ServiceExt};
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tower_test::mock::{self, Handle, Mock, SendResponse};
use tracing::Level;
use tracing_subscriber::filter::LevelFilter;

pub(crate) type Req = Request<Empty<Bytes>>;
pub(crate) type Res = Response<Full<Bytes>>;
/// The service at the bottom. It panics when an instance is called that was not made ready.
pub(crate) type Inner = Mock<Req, Res>;
pub(crate) type Server = Handle<Req, Res>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What no log and no error may show.
pub(crate) const SECRET: &str = "canary";

/// The token in use; all begin with the secret.
pub(crate) fn token(number: u32) -> Token {
    Token::parse(format!("cfc_{SECRET}{number}")).unwrap()
}

pub(crate) fn handle() -> TokenHandle {
    TokenHandle::new(token(1))
}

pub(crate) fn layer(tokens: impl Into<Tokens>) -> AddTokenLayer {
    AddTokenLayer::new(Origin::parse("https://api.example").unwrap(), tokens)
}

pub(crate) fn pair() -> (Inner, Server) {
    mock::pair()
}

/// All that can go wrong in a typed stack. There is a `From` for the layer's error only.
#[derive(Debug)]
pub(crate) enum Failed {
    Below(BoxError),
    TokenWithheld(TokenWithheld),
}

impl From<TokenWithheld> for Failed {
    fn from(error: TokenWithheld) -> Self {
        Self::TokenWithheld(error)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("call failed")
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Below(error) => Some(&**error),
            Self::TokenWithheld(error) => Some(error),
        }
    }
}

pub(crate) fn typed<S>(inner: S) -> MapErr<S, fn(BoxError) -> Failed> {
    MapErr::new(inner, Failed::Below)
}

/// The error of this type in a chain, whatever stands around it.
pub(crate) fn find<E: Error + 'static>(error: &BoxError) -> Option<&E> {
    let mut next: Option<&(dyn Error + 'static)> = Some(&**error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

pub(crate) fn get(uri: &str) -> Req {
    Request::get(uri).body(Empty::new()).unwrap()
}

pub(crate) fn reply(status: u16, body: &'static str) -> Res {
    let body = Full::from(body);
    Response::builder().status(status).body(body).unwrap()
}

/// A service that takes requests and hands bodies on, in whatever wrapping.
pub(crate) trait Stack:
    Service<Req, Response = Response<<Self as Stack>::Body>, Error: Into<BoxError>> + Clone
{
    type Body: BodyExt<Data = Bytes, Error: fmt::Debug>;
}

impl<S, B> Stack for S
where
    S: Service<Req, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: BodyExt<Data = Bytes, Error: fmt::Debug>,
{
    type Body = B;
}

pub(crate) type Answer = Result<Response<Bytes>, BoxError>;

/// One call through a clone of the stack, made as soon as that is ready.
pub(crate) fn call<S: Stack>(stack: &S) -> task::Spawn<impl Future<Output = Answer> + use<S>> {
    call_with(stack, get("https://api.example/v1/user"))
}

pub(crate) fn call_with<S: Stack>(
    stack: &S,
    request: Req,
) -> task::Spawn<impl Future<Output = Answer> + use<S>> {
    let stack = stack.clone();
    task::spawn(async move {
        let (head, body) = stack
            .oneshot(request)
            .await
            .map_err(Into::into)?
            .into_parts();
        let body = body
            .collect()
            .await
            .expect("a body that is there")
            .to_bytes();
        Ok(Response::from_parts(head, body))
    })
}

/// Polls until nothing happens any more, for some have a worker beside them.
pub(crate) async fn poll<F: Future>(future: &mut task::Spawn<F>) -> Poll<F::Output> {
    for _ in 0..8 {
        if let ready @ Poll::Ready(_) = future.poll() {
            return ready;
        }
        tokio::task::yield_now().await;
    }
    Poll::Pending
}

/// The number of the token on the one request that must have arrived.
pub(crate) fn arrived(server: &mut Server) -> (u32, SendResponse<Res>) {
    let sent = assert_ready!(server.poll_request(), "nothing was sent");
    let (request, answer) = sent.expect("the service is gone");
    let value = &request.headers()[AUTHORIZATION];
    assert!(value.is_sensitive());
    let number = value.to_str().unwrap().strip_prefix("Bearer cfc_canary");
    (number.unwrap().parse().unwrap(), answer)
}

pub(crate) fn nothing_arrived(server: &mut Server) {
    let sent = server.poll_request();
    assert!(!matches!(sent, Poll::Ready(Some(_))), "a request was sent");
}

/// All that is logged in this thread, at the finest level.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(move || log.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tells headers as well.
pub(crate) fn tracer() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>> {
    let span = DefaultMakeSpan::new()
        .level(Level::TRACE)
        .include_headers(true);
    TraceLayer::new_for_http().make_span_with(span)
}
