//! Services that take their time to become ready: a call that loses its slot meanwhile gets
//! another, keeps what it has won of the service below, and keeps its place.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use comfycontrol_rate_limit::RateLimit;
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::{self, Sleep};
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::spawn_ready::SpawnReady;
use tower::{BoxError, Layer, Service};

use super::support::*;
use super::traffic::Log;

/// Half a second is in time for the slot, all others are not.
const READINESS: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_millis(999),
    Duration::from_millis(1_500),
    Duration::from_secs(2),
    Duration::from_secs(11),
    Duration::from_secs(60),
];

#[tokio::test(start_paused = true)]
async fn calls_are_sent_however_long_the_service_takes_to_become_ready() {
    for (requests, calls) in [(1, 2), (1, 5), (40, 80), (3, 20)] {
        let by_the_rule = sent(requests, calls, false, |log| Slow::new(Duration::ZERO, log)).await;
        for readiness in READINESS {
            for together in [false, true] {
                let sent = sent(requests, calls, together, |log| Slow::new(readiness, log)).await;
                // A slot is held while the service becomes ready, and may be another's for a
                // second.
                let each = readiness + if together { SECOND } else { Duration::ZERO };
                for (call, (sent, rule)) in (0..).zip(sent.iter().zip(&by_the_rule)) {
                    let late = sent.saturating_sub(*rule);
                    assert!(
                        late <= (call / requests + 1) * each + 5 * MILLISECOND,
                        "{requests} at once, ready after {readiness:?}: number {call} is {late:?} late"
                    );
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_share_what_little_a_slow_service_has_to_give() {
    for readiness in READINESS {
        let latest = 2 * 60 * (readiness + SECOND) + 20 * WINDOW;
        let narrow = |log| ConcurrencyLimit::new(Slow::new(readiness, log), 1);
        let buffered = |log| Buffer::new(Slow::new(readiness, log), 1);
        let driven = |log| Buffer::new(SpawnReady::new(Slow::new(readiness, log)), 1);
        for last in [
            *sent(2, 12, false, narrow).await.last().unwrap(),
            *sent(2, 12, true, narrow).await.last().unwrap(),
            *sent(2, 12, false, buffered).await.last().unwrap(),
            *sent(2, 12, true, buffered).await.last().unwrap(),
            *sent(2, 12, false, driven).await.last().unwrap(),
        ] {
            assert!(last < latest, "{last:?}, {readiness:?} each");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_among_quick_ones_gets_its_turn_even_if_it_is_polled_for_nothing() {
    let limiter = sliding(1);
    let log = Log::default();
    let mut slow = limiter.layer().layer(Slow::new(3 * SECOND, log.clone()));
    let mut slow = Box::pin(slow.call(Request::new(())));
    let quick = limiter
        .layer()
        .layer(Slow::new(Duration::ZERO, Log::default()));
    let mut crowd = JoinSet::new();
    let start = now();
    let mut tick = time::interval(300 * MILLISECOND);
    loop {
        tokio::select! {
            biased;
            sent = &mut slow => break assert!(sent.is_ok()),
            () = time::sleep_until(start + 600 * SECOND) => panic!("never sent"),
            _ = tick.tick() => {
                let mut quick = quick.clone();
                crowd.spawn(async move { quick.call(Request::new(())).await.map(drop) });
            }
        }
    }
    // The first quick one takes its slot over, and the next one is its own.
    assert!(now() - start < WINDOW + 2 * SECOND, "{:?}", now() - start);
}

// === support ===

/// When each call was sent, since the beginning; each in a task of its own, or all in one, which
/// polls all whenever it is woken. All must be sent in order.
async fn sent<S>(
    requests: u32,
    calls: usize,
    together: bool,
    service: impl FnOnce(Log) -> S,
) -> Vec<Duration>
where
    S: Service<Request<()>, Response = Response<()>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let (limiter, log, start) = (sliding(requests), Log::default(), now());
    let limited: RateLimit<S> = limiter.layer().layer(service(log.clone()));
    let mut tasks = JoinSet::new();
    let mut each: Vec<_> = (0..calls)
        .map(|_| Box::pin(limited.clone().call(Request::new(()))))
        .collect();
    if together {
        tasks.spawn(std::future::poll_fn(move |cx| {
            each.retain_mut(|call| call.as_mut().poll(cx).is_pending());
            if each.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }));
    } else {
        for call in each {
            tasks.spawn(async move { drop(call.await.unwrap()) });
        }
    }
    let an_hour = time::timeout(3_600 * SECOND, tasks.join_all()).await;
    let log = log.lock().unwrap();
    assert!(an_hour.is_ok(), "{} of {calls} sent in an hour", log.len());
    assert_eq!(log.len(), calls);
    log.iter().map(|at| *at - start).collect()
}

/// Each clone is ready so long after it was asked first.
struct Slow {
    readiness: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    log: Log,
}

impl Slow {
    fn new(readiness: Duration, log: Log) -> Self {
        Self {
            readiness,
            waiting: None,
            log,
        }
    }
}

impl Clone for Slow {
    fn clone(&self) -> Self {
        Self::new(self.readiness, self.log.clone())
    }
}

impl Service<Request<()>> for Slow {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<()>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(time::sleep(self.readiness)));
        if !waiting.is_elapsed() {
            ready!(waiting.as_mut().poll(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let ready = self.waiting.take().expect("it was asked");
        assert!(ready.is_elapsed(), "called before it was ready");
        self.log.lock().unwrap().push(now());
        std::future::ready(Ok(Response::new(())))
    }
}
