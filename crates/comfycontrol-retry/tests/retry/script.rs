use std::fmt;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol_core::TryClone;
use comfycontrol_retry::{Failure, FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_test::now;
use http::{Method, Request, Response};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceExt};

/// A failure that is what it says, and knows of no other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Failed {
    pub(crate) class: FailureKind,
    pub(crate) asked: Option<Duration>,
}

impl Failed {
    pub(crate) fn of(class: FailureKind) -> Self {
        Self { class, asked: None }
    }

    pub(crate) fn asking(self, wait: Duration) -> Self {
        Self {
            asked: Some(wait),
            ..self
        }
    }
}

impl Failure for Failed {
    fn failure_kind(&self) -> FailureKind {
        self.class
    }

    fn retry_after(&self) -> Option<Duration> {
        self.asked
    }
}

/// Fails each request as it is told, at once, and keeps when it was sent. Clones share that.
pub(crate) struct Script<E = Failed> {
    fail: Arc<dyn Fn(usize) -> Option<E> + Send + Sync>,
    sent: Arc<Mutex<Vec<Instant>>>,
}

impl<E: Failure + 'static> Script<E> {
    /// `fail` tells how the n-th request fails, from 0 on, if it does.
    pub(crate) fn new(fail: impl Fn(usize) -> Option<E> + Send + Sync + 'static) -> Self {
        Self {
            fail: Arc::new(fail),
            sent: Arc::default(),
        }
    }

    /// What becomes of one call with retries by `policy`.
    pub(crate) async fn call<B: TryClone>(
        &self,
        policy: RetryPolicy,
        request: Request<B>,
    ) -> Result<(), E> {
        let service = RetryLayer::new(policy).layer(self.clone());
        service.oneshot(request).await.map(drop)
    }

    /// How often something was sent.
    pub(crate) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// When each request was sent.
    pub(crate) fn sent(&self) -> Vec<Instant> {
        self.sent.lock().unwrap().clone()
    }

    /// The time from each request to the next.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        let sent = self.sent();
        sent.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl Script {
    /// Fails with these in turn, and then succeeds.
    pub(crate) fn then_success(failures: impl Into<Vec<Failed>>) -> Self {
        let failures = failures.into();
        Self::new(move |n| failures.get(n).copied())
    }

    pub(crate) fn always(failed: Failed) -> Self {
        Self::new(move |_| Some(failed))
    }
}

impl<E, B> Service<Request<B>> for Script<E> {
    type Response = Response<String>;
    type Error = E;
    type Future = Ready<Result<Response<String>, E>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut sent = self.sent.lock().unwrap();
        sent.push(now());
        ready(match (self.fail)(sent.len() - 1) {
            Some(failed) => Err(failed),
            None => Ok(Response::new(String::new())),
        })
    }
}

impl<E> Clone for Script<E> {
    fn clone(&self) -> Self {
        Self {
            fail: self.fail.clone(),
            sent: self.sent.clone(),
        }
    }
}

impl<E> fmt::Debug for Script<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

pub(crate) fn get() -> Request<()> {
    with(Method::GET)
}

pub(crate) fn post() -> Request<()> {
    with(Method::POST)
}

pub(crate) fn with(method: Method) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    request
}

pub(crate) const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}
