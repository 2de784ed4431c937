//! A small layer for limiters that are not layers, and adapters to them.

use std::collections::VecDeque;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use http::{Request, Response};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};
use tower::{BoxError, Service, ServiceExt};

use super::clock;
use super::link::Link;
use super::server::{LIMIT, WINDOW};

/// Something that makes its callers wait.
pub(super) trait Permits: Send + Sync + 'static {
    /// Waits until one more request may leave.
    fn acquire(&self) -> impl Future<Output = ()> + Send;
}

/// A service whose every call waits for a permit.
pub(super) struct Permitted<P> {
    link: Link,
    permits: Arc<P>,
}

impl<P> Permitted<P> {
    pub(super) fn new(link: Link, permits: P) -> Self {
        let permits = Arc::new(permits);
        Self { link, permits }
    }
}

impl<P> Clone for Permitted<P> {
    fn clone(&self) -> Self {
        Self {
            link: self.link.clone(),
            permits: self.permits.clone(),
        }
    }
}

impl<P: Permits> Service<Request<String>> for Permitted<P> {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let (mut link, permits) = (self.link.clone(), self.permits.clone());
        Box::pin(async move {
            // The connection first: a permit is for use at once.
            link.ready().await?;
            permits.acquire().await;
            link.call(request).await
        })
    }
}

/// governor, on tokio's clock and behind a fair lock.
pub(super) struct Gcra {
    limiter: RateLimiter<NotKeyed, InMemoryState, PausedClock, NoOpMiddleware<Nanos>>,
    clock: PausedClock,
    queue: Mutex<()>,
}

struct PausedClock(Instant);

impl Clock for PausedClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        (clock::now() - self.0).into()
    }
}

impl Clone for PausedClock {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl Gcra {
    pub(super) fn new() -> Self {
        let quota = Quota::with_period(WINDOW / LIMIT).expect("not zero");
        let quota = quota.allow_burst(NonZeroU32::new(LIMIT).expect("not zero"));
        let clock = PausedClock(clock::now());
        Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            queue: Mutex::new(()),
        }
    }
}

impl Permits for Gcra {
    async fn acquire(&self) {
        let _turn = self.queue.lock().await;
        while let Err(refused) = self.limiter.check() {
            sleep(refused.wait_time_from(self.clock.now())).await;
        }
    }
}

/// leaky-bucket, with room for no more than the quota.
pub(super) struct LeakyBucket(leaky_bucket::RateLimiter);

impl LeakyBucket {
    pub(super) fn new() -> Self {
        let quota = LIMIT as usize;
        let limiter = leaky_bucket::RateLimiter::builder()
            .max(quota)
            .initial(quota)
            .refill(quota)
            .interval(WINDOW)
            .build();
        Self(limiter)
    }
}

impl Permits for LeakyBucket {
    async fn acquire(&self) {
        self.0.acquire_one().await;
    }
}

/// Never more than the quota *sent* in any window: the obvious rule, and not enough.
pub(super) struct LogAtSend(Mutex<VecDeque<Instant>>);

impl LogAtSend {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }
}

impl Permits for LogAtSend {
    async fn acquire(&self) {
        let mut log = self.0.lock().await;
        if log.len() == LIMIT as usize {
            sleep_until(log[0] + WINDOW).await;
            log.pop_front();
        }
        log.push_back(clock::now());
    }
}
