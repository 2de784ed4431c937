//! Every future the crate gives out, dropped at every point of its way, in every situation: the
//! books are exact afterwards, and the calls that wait behind are served.

use std::cell::Cell;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use comfycontrol_rate_limit::{Algorithm, InFlight, Limiter, Quota};
use http::{Request, Response};
use tokio::time;
use tokio_test::{assert_pending, task};
use tower::{BoxError, Layer, Service};
use tower_test::mock::{self, Handle};

use crate::support::*;

type Res = Response<()>;
type Ended = Result<(), BoxError>;

#[tokio::test(start_paused = true)]
async fn acquire() {
    at_every_point(|scene| Box::pin(use_permit(scene, None))).await;
}

#[tokio::test(start_paused = true)]
async fn acquire_until() {
    at_every_point(|scene| Box::pin(use_permit(scene, Some(2 * SECOND)))).await;
    at_every_point(|scene| Box::pin(use_permit(scene, Some(300 * SECOND)))).await;
}

#[tokio::test(start_paused = true)]
async fn the_layers_response_future() {
    at_every_point(|scene| {
        let mut service = scene.limiter.layer().layer(scene.inner.clone());
        let future = service.call(Request::new(()));
        Box::pin(async { future.await.map(drop) })
    })
    .await;
}

/// Takes its time between the steps, so that it can be dropped in between.
async fn use_permit(scene: &Scene, patience: Option<Duration>) -> Ended {
    let permit = match patience {
        None => scene.limiter.acquire().await?,
        Some(patience) => scene.limiter.acquire_until(now() + patience).await?,
    };
    pause().await;
    let flight = permit.dispatch();
    scene.sent.set(scene.sent.get() + 1);
    pause().await;
    flight.settle(&Response::new(()));
    pause().await;
    Ok(())
}

/// What a call may find.
#[derive(Clone, Copy, Debug)]
enum Situation {
    Free,
    /// All slots are used up.
    Full,
    /// All slots are on their way and stay there.
    Pending,
    /// A call waits already.
    Queued,
    /// After a 429: the call becomes the probe.
    Cooldown,
    /// A service below that is not ready for a while.
    Blocked,
}

struct Scene {
    limiter: Limiter,
    inner: mock::Mock<Request<()>, Res>,
    /// Requests that left by our own hands.
    sent: Cell<u64>,
}

async fn at_every_point<F>(call: F)
where
    F: for<'a> Fn(&'a Scene) -> Pin<Box<dyn Future<Output = Ended> + 'a>>,
{
    use Situation::*;
    for situation in [Free, Full, Pending, Queued, Cooldown, Blocked] {
        for transit in [None, Some(2 * SECOND)] {
            for points in 0..24 {
                drop_after(points, situation, transit, &call).await;
            }
        }
    }
}

async fn drop_after<F>(points: usize, situation: Situation, transit: Option<Duration>, call: &F)
where
    F: for<'a> Fn(&'a Scene) -> Pin<Box<dyn Future<Output = Ended> + 'a>>,
{
    let (scene, mut handle, others) = set(situation, transit);
    let mut ahead = task::spawn(scene.limiter.acquire());
    if matches!(situation, Situation::Queued) {
        assert_pending!(ahead.poll());
    }
    let mut behind = task::spawn(scene.limiter.acquire());

    let mut future = Some(task::spawn(call(&scene)));
    for point in 0..points {
        let Some(polled) = &mut future else { break };
        if (point == 0 || polled.is_woken()) && polled.poll().is_ready() {
            future = None;
        }
        if point == 0 && !matches!(situation, Situation::Free | Situation::Blocked) {
            assert_pending!(behind.poll());
        }
        if point == 3 {
            handle.allow(u64::MAX);
        }
        while let Poll::Ready(Some((_, send))) = handle.poll_request() {
            scene.sent.set(scene.sent.get() + 1);
            if point % 3 == 0 {
                send.send_response(Response::new(()));
            } // else it fails
        }
        time::advance(SECOND * 7 / 10).await;
    }
    drop(future);
    while let Poll::Ready(Some(_)) = handle.poll_request() {
        scene.sent.set(scene.sent.get() + 1);
    }

    let place = format!("{situation:?}, transit {transit:?}, dropped at {points}");
    others
        .into_iter()
        .for_each(|other| other.settle(&Response::new(())));
    drop(ahead);
    let mut served = false;
    for _ in 0..60 {
        served |= behind.poll().is_ready(); // dropped at once
        if served {
            break;
        }
        time::advance(SECOND).await;
    }
    assert!(served, "nobody serves who waited behind: {place}");
    let seen = scene.limiter.snapshot();
    assert_eq!((seen.in_flight(), seen.queued()), (0, 0), "{place}");
    assert_eq!(seen.granted(), scene.sent.get(), "{place}");

    time::advance(100 * SECOND).await;
    assert!(scene.limiter.snapshot().free() >= 1, "{place}");
    send(&scene.limiter).settle(&Response::new(())); // opens the gate, if it was closed
    time::advance(100 * SECOND).await;
    assert_eq!(scene.limiter.snapshot().free(), 2, "{place}");
}

fn set(
    situation: Situation,
    transit: Option<Duration>,
) -> (Scene, Handle<Request<()>, Res>, Vec<InFlight>) {
    let builder =
        Limiter::builder(Quota::new(2, 5 * SECOND).unwrap()).algorithm(Algorithm::SlidingLog);
    let limiter = match transit {
        None => builder.build(),
        Some(transit) => builder.max_transit(transit).build(),
    };
    let (inner, mut handle) = mock::pair();
    let mut others = Vec::new();
    let mut sent = 2;
    match situation {
        Situation::Free => sent = 0,
        Situation::Full | Situation::Queued => {
            for flight in [send(&limiter), send(&limiter)] {
                flight.settle(&Response::new(()));
            }
        }
        Situation::Pending => others = vec![send(&limiter), send(&limiter)],
        Situation::Cooldown => {
            let throttled = Response::builder().status(429).body(()).unwrap();
            send(&limiter).settle(&throttled);
            sent = 1;
        }
        Situation::Blocked => {
            handle.allow(0);
            sent = 0;
        }
    }
    let sent = Cell::new(sent);
    (
        Scene {
            limiter,
            inner,
            sent,
        },
        handle,
        others,
    )
}

// === support ===

/// Pending once.
async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut paused, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
