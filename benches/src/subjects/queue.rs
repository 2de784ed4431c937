//! A crowd that waits for one limiter, on a paused clock.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use tokio::runtime::{self, Runtime};
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::measure::{cpu_time, tokio_now};

/// Tasks that all wait for a slot. The clock is paused: nothing but work takes time.
pub struct Crowd {
    runtime: Runtime,
    limiter: Limiter,
    seen: Arc<Seen>,
    size: usize,
    cpu: Duration,
}

/// What happened to a crowd.
#[derive(Clone, Copy, Debug)]
pub struct Drained {
    /// Processor time for each, from its task's making to the end of its request.
    pub cpu_per_grant: Duration,
    /// How often the most impatient one was polled.
    pub most_polls: u32,
    /// How many were granted their slot before a call that had come earlier.
    pub out_of_order: usize,
    /// How long it took on the paused clock, in windows.
    pub windows: f64,
}

#[derive(Default)]
struct Seen {
    grants: Mutex<Grants>,
    all: Notify,
}

#[derive(Default)]
struct Grants {
    order: Vec<usize>,
    most_polls: u32,
}

impl Crowd {
    /// Everything but the crowd; the quota is used up.
    pub fn new(window: Algorithm) -> Self {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let limiter = Limiter::builder(QUOTA).algorithm(window).build();
        runtime.block_on(async {
            for _ in 0..QUOTA.requests() {
                pass(&limiter).await;
            }
        });
        Self {
            runtime,
            limiter,
            seen: Arc::default(),
            size: 0,
            cpu: Duration::ZERO,
        }
    }

    /// Lets `size` tasks come and wait. What is allocated here is theirs.
    ///
    /// # Panics
    ///
    /// If not all wait in the end.
    pub fn gather(&mut self, size: usize) {
        let start = cpu_time();
        self.size = size;
        self.runtime.block_on(async {
            for number in 0..size {
                tokio::spawn(wait(number, size, self.limiter.clone(), self.seen.clone()));
            }
            while self.limiter.snapshot().queued() < size {
                yield_now().await;
            }
        });
        self.cpu += cpu_time() - start;
    }

    /// Lets them go, and waits until the last has gone.
    ///
    /// # Panics
    ///
    /// If one has been forgotten.
    pub fn drain(self) -> Drained {
        self.seen.grants.lock().order.reserve(self.size);
        let start = cpu_time();
        let windows = self.runtime.block_on(async {
            let begin = tokio_now();
            self.seen.all.notified().await;
            begin.elapsed().as_secs_f64() / QUOTA.per().as_secs_f64()
        });
        let cpu = self.cpu + (cpu_time() - start);
        let grants = self.seen.grants.lock();
        assert_eq!(grants.order.len(), self.size, "all have got their slot");
        let order = grants.order.iter().enumerate();
        Drained {
            cpu_per_grant: cpu / self.size as u32,
            most_polls: grants.most_polls,
            out_of_order: order.filter(|(place, number)| place != *number).count(),
            windows,
        }
    }
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

async fn wait(number: usize, size: usize, limiter: Limiter, seen: Arc<Seen>) {
    let mut polls = 0;
    let permit = {
        let mut acquire = pin!(limiter.acquire());
        let permit = poll_fn(|cx| {
            polls += 1;
            acquire.as_mut().poll(cx)
        });
        permit.await.expect("nobody is refused")
    };
    let in_flight = permit.dispatch();
    in_flight.settle_parts(StatusCode::OK, &HeaderMap::new());

    let mut grants = seen.grants.lock();
    grants.order.push(number);
    grants.most_polls = grants.most_polls.max(polls);
    if grants.order.len() == size {
        seen.all.notify_one();
    }
}

async fn pass(limiter: &Limiter) {
    let permit = limiter.acquire().await.expect("nobody is refused");
    let in_flight = permit.dispatch();
    in_flight.settle_parts(StatusCode::OK, &HeaderMap::new());
}

const QUOTA: Quota = Quota::COMFYCONTROL;
