//! A store in memory that can be away.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use comfycontrol_rate_limit::{
    Limiter, LimiterBuilder, Member, MemoryStore, Quota, Reading, Record, Replaced, Store,
    Unavailable, Version,
};
use tokio::task::JoinHandle;

pub(crate) const WINDOW: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Default)]
pub(crate) struct Flaky {
    memory: MemoryStore,
    pub(crate) away: Arc<AtomicBool>,
    /// It does not answer at all.
    pub(crate) silent: Arc<AtomicBool>,
    /// Does what it is asked, and does not say so, so many times.
    pub(crate) losing: Arc<AtomicUsize>,
    pub(crate) operations: Arc<AtomicUsize>,
}

impl Flaky {
    async fn answer<T>(&self, told: impl Future<Output = T>) -> Result<T, Unavailable> {
        self.operations.fetch_add(1, Ordering::SeqCst);
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(Unavailable::new("away"));
        }
        let told = told.await;
        let lose = |left: usize| left.checked_sub(1);
        if self
            .losing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose)
            .is_ok()
        {
            return Err(Unavailable::new("the answer was lost"));
        }
        Ok(told)
    }
}

impl Store for Flaky {
    async fn read(&self) -> Result<Reading, Unavailable> {
        self.answer(self.memory.read()).await?
    }

    async fn replace(
        &self,
        seen: Option<Version>,
        record: Record,
        keep: Duration,
    ) -> Result<Replaced, Unavailable> {
        self.answer(self.memory.replace(seen, record, keep)).await?
    }

    async fn join(&self, member: Member) -> Result<(), Unavailable> {
        self.answer(self.memory.join(member)).await?
    }

    async fn gone(&self, members: Vec<Member>) -> Result<Vec<Member>, Unavailable> {
        self.answer(self.memory.gone(members)).await?
    }
}

pub(crate) fn builder(requests: u32) -> LimiterBuilder {
    Limiter::builder(Quota::new(requests, WINDOW).unwrap())
}

/// A limiter with a keeper that runs.
pub(crate) fn spawned(
    builder: LimiterBuilder,
    store: impl Store,
) -> (
    Limiter,
    JoinHandle<Result<(), comfycontrol_rate_limit::KeeperError>>,
) {
    let (limiter, keeper) = builder.build_shared(store);
    (limiter, tokio::spawn(keeper))
}

/// Polls it once.
pub(crate) async fn polled<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}
