use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use comfycontrol_core::TryClone;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::retry::Retry as TowerRetry;
use tower_layer::Layer;
use tower_service::Service;

use crate::failure::Failure;
use crate::policy::Policy;
use crate::settings::RetryPolicy;

/// Applies [`Retry`] to a service whose error is an `E`: sends its requests again where that is safe.
///
/// Services of one layer share the budget of its [`RetryPolicy`].
#[must_use]
pub struct RetryLayer<E> {
    policy: RetryPolicy,
    failure: PhantomData<fn() -> E>,
}

impl<E: Failure> RetryLayer<E> {
    /// Creates a layer that retries requests by the rules of `policy`.
    pub fn new(policy: RetryPolicy) -> Self {
        Self {
            policy,
            failure: PhantomData,
        }
    }

    /// The policy of the layer.
    pub fn policy(&self) -> &RetryPolicy {
        &self.policy
    }
}

impl<S, E: Failure> Layer<S> for RetryLayer<E> {
    type Service = Retry<S, E>;

    fn layer(&self, inner: S) -> Retry<S, E> {
        Retry {
            inner: TowerRetry::new(Policy::new(self.policy.clone()), inner),
        }
    }
}

impl<E> Clone for RetryLayer<E> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            failure: PhantomData,
        }
    }
}

impl<E> fmt::Debug for RetryLayer<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer")
            .field("policy", &self.policy)
            .finish()
    }
}

/// Sends a request again where that is safe: tower's retry middleware with the rules of a
/// [`RetryPolicy`].
///
/// It is ready when the service inside is. Clones share the budget.
pub struct Retry<S, E> {
    inner: TowerRetry<Policy<E>, S>,
}

impl<S, E> Retry<S, E> {
    /// Gets a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        self.inner.get_ref()
    }

    /// Gets a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        self.inner.get_mut()
    }

    /// Consumes `self`, returning the inner service.
    pub fn into_inner(self) -> S {
        self.inner.into_inner()
    }
}

impl<S: Clone, E> Clone for Retry<S, E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<S: fmt::Debug, E> fmt::Debug for Retry<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", self.get_ref())
            .finish_non_exhaustive()
    }
}

impl<S, E, B, R> Service<Request<B>> for Retry<S, E>
where
    S: Service<Request<B>, Response = Response<R>, Error = E> + Clone,
    E: Failure,
    B: TryClone,
{
    type Response = Response<R>;
    type Error = E;
    type Future = ResponseFuture<S, E, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        ResponseFuture {
            inner: self.inner.call(req),
        }
    }
}

pin_project! {
    /// Response future of [`Retry`].
    pub struct ResponseFuture<S, E, B, R>
    where
        S: Service<Request<B>, Response = Response<R>, Error = E>,
        S: Clone,
        E: Failure,
        B: TryClone,
    {
        #[pin]
        inner: <TowerRetry<Policy<E>, S> as Service<Request<B>>>::Future,
    }
}

impl<S, E, B, R> Future for ResponseFuture<S, E, B, R>
where
    S: Service<Request<B>, Response = Response<R>, Error = E> + Clone,
    E: Failure,
    B: TryClone,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

impl<S, E, B, R> fmt::Debug for ResponseFuture<S, E, B, R>
where
    S: Service<Request<B>, Response = Response<R>, Error = E> + Clone,
    E: Failure,
    B: TryClone,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
