//! What lies between a policy and the edge: the connection, the harness's notes, and the cooldown
//! that the peers do not have themselves.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use comfycontrol_emulator::EdgeService;
use http::{Request, Response, StatusCode};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tower::{BoxError, Service};

use super::chance::{Draws, mix};
use super::clock;

/// A request extension: to be told when the request leaves.
#[derive(Clone, Default)]
pub(super) struct Departure(pub(super) Arc<Notify>);

/// A response extension: the request did not leave, because of the [`Cooldown`].
#[derive(Clone)]
pub(super) struct HeldBack;

/// A connection to the edge.
pub(super) struct Link {
    edge: EdgeService,
    cooldown: Cooldown,
    trouble: Trouble,
    connecting: Connecting,
}

/// A pause for all after a 429, for policies that have none of their own.
#[derive(Clone)]
pub(super) struct Cooldown {
    pause: Duration,
    until: Arc<Mutex<Option<Instant>>>,
}

/// How often connections fail, and as often, are slow to come.
#[derive(Clone)]
pub(super) struct Trouble {
    probability: f64,
    seed: u64,
    serial: Arc<AtomicU64>,
}

enum Connecting {
    Connected,
    Idle,
    Slowly(Pin<Box<Sleep>>),
}

impl Link {
    pub(super) fn new(edge: EdgeService, cooldown: Cooldown, trouble: Trouble) -> Self {
        Self {
            edge,
            cooldown,
            trouble,
            connecting: Connecting::Idle,
        }
    }
}

impl Clone for Link {
    /// The clone has a connection of its own.
    fn clone(&self) -> Self {
        let (edge, cooldown) = (self.edge.clone(), self.cooldown.clone());
        Self::new(edge, cooldown, self.trouble.clone())
    }
}

impl Service<Request<String>> for Link {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if let Connecting::Idle = self.connecting {
            self.connecting = self.trouble.connect()?;
        }
        if let Connecting::Slowly(sleep) = &mut self.connecting {
            ready!(sleep.as_mut().poll(cx));
            self.connecting = Connecting::Connected;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<String>) -> Self::Future {
        let connecting = std::mem::replace(&mut self.connecting, Connecting::Idle);
        assert!(
            matches!(connecting, Connecting::Connected),
            "the instance that is called is the one that was made ready"
        );
        if self.cooldown.closed_until().is_some() {
            let mut response = Response::new(());
            response.extensions_mut().insert(HeldBack);
            return Box::pin(async { Ok(response) });
        }
        if let Some(Departure(left)) = request.extensions_mut().remove() {
            left.notify_one();
        }
        let cooldown = self.cooldown.clone();
        let responding = self.edge.call(request);
        Box::pin(async move {
            let response = responding.await?.map(drop);
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                cooldown.start();
            }
            Ok(response)
        })
    }
}

impl Cooldown {
    /// None for no time.
    pub(super) fn new(pause: Duration) -> Self {
        Self {
            pause,
            until: Arc::default(),
        }
    }

    /// Waits until nothing is held back any more.
    pub(super) async fn over(&self) {
        while let Some(until) = self.closed_until() {
            sleep_until(until).await;
        }
    }

    fn start(&self) {
        let until = clock::now() + self.pause;
        let mut latest = self.until.lock().expect("nobody panics with it");
        *latest = (*latest).max(Some(until));
    }

    fn closed_until(&self) -> Option<Instant> {
        let until = *self.until.lock().expect("nobody panics with it");
        until.filter(|until| clock::now() < *until)
    }
}

impl Trouble {
    pub(super) fn new(probability: f64, seed: u64) -> Self {
        Self {
            probability,
            seed,
            serial: Arc::default(),
        }
    }

    fn connect(&self) -> Result<Connecting, BoxError> {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let mut draws = Draws::new(mix(self.seed, serial));
        if draws.happens(self.probability) {
            return Err("no connection".into());
        }
        Ok(if draws.happens(self.probability) {
            // Longer than a limiter holds a slot for a caller who does not come, now and then.
            let wait = draws.up_to(Duration::from_millis(1_500));
            Connecting::Slowly(Box::pin(sleep(wait)))
        } else {
            Connecting::Connected
        })
    }
}
