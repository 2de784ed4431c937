use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use comfycontrol_core::TryClone;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::attempts::Repeat;
use crate::body::RetryBody;
use crate::failure::Failure;
use crate::future::ResponseFuture;
use crate::policy::{Forget, Policy, Rules, copy_head};
use crate::settings::RetryPolicy;

/// Applies [`Retry`] to a service whose error is an `E`: sends its requests again where that is
/// safe.
///
/// Services of one layer share the budget of its [`RetryPolicy`].
#[must_use]
pub struct RetryLayer<E> {
    policy: RetryPolicy,
    forget: Forget,
    failure: PhantomData<fn() -> E>,
}

impl<E: Failure> RetryLayer<E> {
    /// Creates a layer that retries requests by the rules of `policy`.
    pub fn new(policy: RetryPolicy) -> Self {
        Self {
            policy,
            forget: |_| {},
            failure: PhantomData,
        }
    }

    /// Removes a `T` from the extensions of a request whose response has come.
    ///
    /// The request is kept with the response body. Code that waits for the last `T` of a call to be
    /// dropped must not wait for that.
    pub fn forgetting<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.forget = |extensions| drop(extensions.remove::<T>());
        self
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
            inner,
            rules: Arc::new(Rules::new(self.policy.clone(), self.forget)),
            failure: PhantomData,
        }
    }
}

impl<E> Clone for RetryLayer<E> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            forget: self.forget,
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

/// Sends a request again where that is safe, by the rules of a [`RetryPolicy`].
///
/// It is ready when the service inside is. Clones share the budget.
pub struct Retry<S, E> {
    inner: S,
    rules: Arc<Rules>,
    failure: PhantomData<fn() -> E>,
}

impl<S, E> Retry<S, E> {
    /// Gets a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Gets a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Consumes `self`, returning the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Clone, E> Clone for Retry<S, E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            rules: Arc::clone(&self.rules),
            failure: PhantomData,
        }
    }
}

impl<S: fmt::Debug, E> fmt::Debug for Retry<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, E, B, R> Service<Request<B>> for Retry<S, E>
where
    S: Service<Request<B>, Response = Response<R>, Error = E> + Clone,
    E: Failure,
    B: TryClone,
    R: Body,
{
    type Response = Response<RetryBody<S, E, B, R>>;
    type Error = E;
    type Future = ResponseFuture<S, E, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, req: Request<B>) -> Self::Future {
        let repeat = self.rules.copy_body(req.body()).map(|body| {
            let mut repeat = Box::new(Repeat {
                service: self.inner.clone(),
                policy: Policy::new(Arc::clone(&self.rules)),
                request: Request::new(body),
                head: None,
            });
            // In its place: it need not be moved there.
            copy_head(&req, &mut repeat.request);
            repeat
        });
        ResponseFuture::new(self.inner.call(req), repeat)
    }
}
