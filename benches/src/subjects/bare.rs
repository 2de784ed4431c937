use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{BoxError, Service};

/// Responds to every request at once with an empty success.
pub struct Bare<E = BoxError>(PhantomData<fn() -> E>);

impl<E> Bare<E> {
    /// Creates one.
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<E> Default for Bare<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Clone for Bare<E> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for Bare<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bare")
    }
}

impl<B, E> Service<Request<B>> for Bare<E> {
    type Response = Response<Empty<Bytes>>;
    type Error = E;
    type Future = Ready<Result<Self::Response, E>>;

    #[inline]
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Ok(Response::new(Empty::new())))
    }
}
