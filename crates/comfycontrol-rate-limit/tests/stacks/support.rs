use std::error::Error;
use std::fmt;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_rate_limit::{Limiter, LimiterBuilder, NotAdmitted, Quota, Window};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use tokio_test::{assert_ready, task};
use tower::util::MapErr;
use tower::{BoxError, Service, ServiceExt};
use tower_test::mock::{self, Handle, Mock, SendResponse};

pub(crate) type Req = Request<Empty<Bytes>>;
pub(crate) type Res = Response<Full<Bytes>>;
/// The service at the bottom. It panics when an instance is called that was not made ready.
pub(crate) type Inner = Mock<Req, Res>;
pub(crate) type Server = Handle<Req, Res>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
/// Ten seconds and the thousandth for drifting clocks.
pub(crate) const WINDOW: Duration = Duration::from_millis(10_010);
/// How long a request that was given up may still be on its way.
pub(crate) const LINGER: Duration = Duration::from_secs(3);
/// The cooldown and its margin.
pub(crate) const PAUSE: Duration = Duration::from_millis(10_500);

pub(crate) fn builder(requests: u32) -> LimiterBuilder {
    let quota = Quota::new(requests, 10 * SECOND).unwrap();
    Limiter::builder(quota).window(Window::Sliding)
}

pub(crate) fn pair() -> (Inner, Server) {
    mock::pair()
}

/// All that can go wrong in a typed stack. There is a `From` for the layer's error only.
#[derive(Debug)]
pub(crate) enum Failed {
    Below(BoxError),
    NotAdmitted(NotAdmitted),
}

impl From<NotAdmitted> for Failed {
    fn from(error: NotAdmitted) -> Self {
        Self::NotAdmitted(error)
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
            Self::NotAdmitted(error) => Some(error),
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

pub(crate) fn request() -> Req {
    Request::get("https://api.example/")
        .body(Empty::new())
        .unwrap()
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
    let stack = stack.clone();
    task::spawn(async {
        let (head, body) = stack
            .oneshot(request())
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

/// The one request that must have arrived.
pub(crate) fn arrived(server: &mut Server) -> SendResponse<Res> {
    assert_ready!(server.poll_request(), "nothing was sent")
        .expect("the service is gone")
        .1
}

pub(crate) fn nothing_arrived(server: &mut Server) {
    let sent = server.poll_request();
    assert!(!matches!(sent, Poll::Ready(Some(_))), "a request was sent");
}
