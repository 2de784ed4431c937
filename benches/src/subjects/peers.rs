//! The peers as they are taken from the shelf, all on one quota for plenty and one that is used up.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock, QuantaClock};
use governor::{Quota, RateLimiter};
use tokio::runtime;
use tower::limit::RateLimit;
use tower::limit::rate::Rate;
use tower::{Layer, Service};
use tower_resilience_ratelimiter::{RateLimiterLayer, WindowType};

use crate::measure::{Case, at_once, two_threads};

/// A limiter of another crate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Peer {
    /// governor's `check` on the clock of std.
    Governor,
    /// governor's `check` on quanta's clock, its default.
    GovernorQuanta,
    /// leaky-bucket's `try_acquire`.
    LeakyBucket,
    /// ratelimit's `try_wait`.
    Ratelimit,
    /// tower-resilience-ratelimiter with fixed windows, its default.
    ResilienceFixed,
    /// tower-resilience-ratelimiter with its exact log.
    ResilienceLog,
    /// tower's `RateLimit`, which cannot be cloned.
    Tower,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::GovernorQuanta,
        Self::Governor,
        Self::LeakyBucket,
        Self::Ratelimit,
        Self::Tower,
        Self::ResilienceFixed,
        Self::ResilienceLog,
    ];

    /// As it stands in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Governor => "governor (std clock)",
            Self::GovernorQuanta => "governor (quanta)",
            Self::LeakyBucket => "leaky-bucket",
            Self::Ratelimit => "ratelimit",
            Self::ResilienceFixed => "tower-resilience fixed",
            Self::ResilienceLog => "tower-resilience log",
            Self::Tower => "tower RateLimit",
        }
    }

    /// A grant.
    pub fn granted(self) -> Case {
        self.case(Stock::Plenty)
    }

    /// A refusal; none for tower's `RateLimit`, which makes its caller wait instead.
    pub fn denied(self) -> Option<Case> {
        (self != Self::Tower).then(|| self.case(Stock::Nothing))
    }

    /// A grant, by two threads on one limiter; none for tower's `RateLimit`, which cannot be
    /// shared.
    pub fn granted_together(self) -> Option<Case> {
        let name = self.name();
        Some(match self {
            Self::Governor => two_threads(
                name,
                BATCH,
                || governor(MonotonicClock, Stock::Plenty),
                |limiter| assert!(limiter.check().is_ok(), "plenty"),
            ),
            Self::GovernorQuanta => two_threads(
                name,
                BATCH,
                || governor(QuantaClock::default(), Stock::Plenty),
                |limiter| assert!(limiter.check().is_ok(), "plenty"),
            ),
            Self::LeakyBucket => two_threads(
                name,
                BATCH,
                || leaky_bucket(Stock::Plenty),
                |limiter| assert!(limiter.try_acquire(1), "plenty"),
            ),
            Self::Ratelimit => two_threads(
                name,
                BATCH,
                || ratelimit(Stock::Plenty),
                |limiter| assert!(limiter.try_wait().is_ok(), "plenty"),
            ),
            Self::ResilienceFixed | Self::ResilienceLog => two_threads(
                name,
                BATCH,
                move || self.resilience(Stock::Plenty).layer(Bare),
                |service| assert!(called(&mut service.clone()), "plenty"),
            ),
            Self::Tower => return None,
        })
    }

    fn case(self, stock: Stock) -> Case {
        let name = self.name();
        let granted = stock == Stock::Plenty;
        match self {
            Self::Governor => Case::new(
                name,
                BATCH,
                move || governor(MonotonicClock, stock),
                move |limiter| assert_eq!(limiter.check().is_ok(), granted),
            ),
            Self::GovernorQuanta => Case::new(
                name,
                BATCH,
                move || governor(QuantaClock::default(), stock),
                move |limiter| assert_eq!(limiter.check().is_ok(), granted),
            ),
            Self::LeakyBucket => Case::new(
                name,
                BATCH,
                move || leaky_bucket(stock),
                move |limiter| assert_eq!(limiter.try_acquire(1), granted),
            ),
            Self::Ratelimit => Case::new(
                name,
                BATCH,
                move || ratelimit(stock),
                move |limiter| assert_eq!(limiter.try_wait().is_ok(), granted),
            ),
            Self::ResilienceFixed | Self::ResilienceLog => Case::new(
                name,
                BATCH,
                move || {
                    let mut service = self.resilience(stock).layer(Bare);
                    if !granted {
                        assert!(called(&mut service), "the only one");
                    }
                    service
                },
                move |service| assert_eq!(called(service), granted),
            ),
            Self::Tower => {
                // It makes a timer, whether it will need it or not.
                let runtime = runtime::Builder::new_current_thread().enable_time().build();
                let runtime = Rc::new(runtime.expect("a runtime"));
                let prepare = || RateLimit::new(Bare, Rate::new(u64::MAX, HOUR));
                Case::on(&runtime, name, BATCH, prepare, async |service: &mut _| {
                    assert!(called(service), "plenty");
                })
            }
        }
    }

    /// The layer with its log or with fixed windows; refuses instead of waiting.
    fn resilience(self, stock: Stock) -> RateLimiterLayer {
        let (limit, per) = match (stock, self) {
            (Stock::Nothing, _) => (1, HOUR),
            (Stock::Plenty, Self::ResilienceLog) => (40, Duration::from_nanos(1)),
            (Stock::Plenty, _) => (1 << 60, HOUR),
        };
        let window = match self {
            Self::ResilienceLog => WindowType::SlidingLog,
            _ => WindowType::Fixed,
        };
        // One limiter for all services made of it; without the handle each has its own.
        let (layer, _) = RateLimiterLayer::builder()
            .limit_for_period(limit)
            .refresh_period(per)
            .window_type(window)
            .timeout_duration(Duration::ZERO)
            .build_with_handle()
            .expect("the settings are sound");
        layer
    }
}

/// How much there is to take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stock {
    Nothing,
    Plenty,
}

fn governor<C: Clock>(
    clock: C,
    stock: Stock,
) -> RateLimiter<
    governor::state::NotKeyed,
    governor::state::InMemoryState,
    C,
    governor::middleware::NoOpMiddleware<C::Instant>,
> {
    let billion = NonZeroU32::new(1_000_000_000).expect("not zero");
    let quota = match stock {
        Stock::Nothing => Quota::with_period(HOUR).expect("not zero"),
        Stock::Plenty => Quota::per_second(billion),
    };
    let limiter = RateLimiter::direct_with_clock(quota, clock);
    if stock == Stock::Nothing {
        assert!(limiter.check().is_ok(), "the only one");
    }
    limiter
}

fn leaky_bucket(stock: Stock) -> leaky_bucket::RateLimiter {
    let tokens = match stock {
        Stock::Nothing => 0,
        Stock::Plenty => 1 << 60,
    };
    leaky_bucket::RateLimiter::builder()
        .initial(tokens)
        .max(tokens.max(1))
        .interval(HOUR)
        .build()
}

fn ratelimit(stock: Stock) -> ratelimit::Ratelimiter {
    match stock {
        Stock::Nothing => ratelimit::Ratelimiter::builder(1).period(HOUR),
        Stock::Plenty => ratelimit::Ratelimiter::builder(1_000_000_000)
            .max_tokens(1_000_000_000_000)
            .initial_available(500_000_000_000),
    }
    .build()
    .expect("the settings are sound")
}

/// Whether the service took the call and responded.
fn called<S: Service<(), Response = ()>>(service: &mut S) -> bool {
    let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    ready.is_ready() && at_once(service.call(())).is_ok()
}

/// A service that does nothing.
#[derive(Clone, Copy, Debug)]
struct Bare;

impl Service<()> for Bare {
    type Response = ();
    type Error = Infallible;
    type Future = Ready<Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(()))
    }
}

const BATCH: u64 = 10_000;

const HOUR: Duration = Duration::from_secs(3_600);
