use std::fmt;
use std::task::Poll;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use tokio_test::task::{self, Spawn};
use tower::{BoxError, Service, ServiceExt};

use crate::messages::{Req, request};

/// A service that takes requests and hands bodies on, in any wrapping.
pub trait Stack:
    Service<Req, Response = Response<<Self as Stack>::Body>, Error: Into<BoxError>> + Clone
{
    /// The body, as the outermost layer hands it on.
    type Body: BodyExt<Data = Bytes, Error: fmt::Debug>;
}

impl<S, B> Stack for S
where
    S: Service<Req, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: BodyExt<Data = Bytes, Error: fmt::Debug>,
{
    type Body = B;
}

/// What comes of a call: a response with all of its body, or an error in a box.
pub type Outcome = Result<Response<Bytes>, BoxError>;

/// Sends a [`request`] through a clone of the stack, as soon as that is ready.
pub fn call<S: Stack>(stack: &S) -> Spawn<impl Future<Output = Outcome> + use<S>> {
    call_with(stack, request())
}

/// Sends a request of the caller's own through a clone of the stack, as soon as that is ready.
pub fn call_with<S: Stack>(
    stack: &S,
    request: Req,
) -> Spawn<impl Future<Output = Outcome> + use<S>> {
    let stack = stack.clone();
    task::spawn(async move {
        let response = stack.oneshot(request).await.map_err(Into::into)?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Ok(Response::from_parts(head, body))
    })
}

/// Polls until nothing happens any more, since some stacks have a worker next to them.
pub async fn poll<F: Future>(future: &mut Spawn<F>) -> Poll<F::Output> {
    for _ in 0..8 {
        if let ready @ Poll::Ready(_) = future.poll() {
            return ready;
        }
        tokio::task::yield_now().await;
    }
    Poll::Pending
}
