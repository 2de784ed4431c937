//! One cell of the matrix: one client and one server on a paused clock of their own.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_emulator::Emulator;
use http::{Request, StatusCode};
use tokio::runtime;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};
use tower::ServiceExt;

use super::chance::{Draws, mix};
use super::clock;
use super::demand::Demand;
use super::drops::{Drops, Fate};
use super::link::{Cooldown, Departure, HeldBack, Link, Trouble};
use super::network::Network;
use super::policy::{Client, Policy};
use super::server::Server;

/// What meets what.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) policy: Policy,
    pub(super) server: Arc<Server>,
    pub(super) network: Network,
    pub(super) demand: Demand,
    pub(super) drops: Drops,
    pub(super) calls: usize,
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Outcome {
    /// Requests that arrived at the server.
    pub(super) requests: u64,
    /// Those it throttled.
    pub(super) refused: u64,
    /// The highest count it ever came to, in 1/1000 of a request.
    pub(super) worst: u64,
    /// Calls that got another response than 429.
    pub(super) responded: usize,
    /// From the start to the end of the last call; none if it never ended.
    pub(super) time: Option<Duration>,
}

impl Cell {
    /// Whether how long it takes can be compared with the perfect scheduler.
    pub(super) fn is_timed(&self) -> bool {
        self.demand == Demand::Greedy && self.drops == Drops::None
    }

    /// How long each request of a [timed](Self::is_timed) cell is on the way, there and back.
    pub(super) fn trips(&self) -> Vec<Duration> {
        let numbers = 0..self.calls as u64;
        let trip = |number| self.network.trip(self.seed, number);
        numbers.map(|n| trip(n).0 + trip(n).1).collect()
    }

    /// Runs the cell on a paused clock of its own.
    pub(super) fn run(&self) -> Outcome {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime
            .expect("a runtime without I/O takes no resources")
            .block_on(self.play())
    }

    async fn play(&self) -> Outcome {
        let start = clock::now();
        let edge = Emulator::builder()
            .limit(self.server.limit)
            .without_api()
            .service()
            .transit(self.network.transit(self.seed, self.drops.lost()));
        let unconnected = if self.policy.survives_trouble() {
            self.drops.unconnected()
        } else {
            0.0
        };
        let cooldown = Cooldown::new(self.policy.lent_cooldown());
        let trouble = Trouble::new(unconnected, mix(self.seed, 1));
        let link = Link::new(edge.clone(), cooldown.clone(), trouble);
        let client = self.policy.client(link, self.server.lag);

        let mut draws = Draws::new(mix(self.seed, 2));
        let mut calls = JoinSet::new();
        let times = self.demand.calls(self.calls, &mut draws);
        for (number, time) in times.into_iter().enumerate() {
            let fate = self.drops.fate(number, self.network.round_trip, &mut draws);
            let call = call(client.clone(), cooldown.clone(), fate);
            calls.spawn(async move {
                sleep_until(start + time).await;
                call.await
            });
        }
        let mut responded = 0;
        let finished = timeout(HORIZON, async {
            while let Some(call) = calls.join_next().await {
                responded += usize::from(call.expect("no call panics"));
            }
        });
        let time = finished.await.ok().map(|()| clock::now() - start);

        // What was dropped may still be on its way.
        sleep(self.network.round_trip).await;
        let stats = edge.edge().stats();
        Outcome {
            requests: stats.requests(),
            refused: stats.throttled(),
            worst: stats.worst(),
            responded,
            time,
        }
    }
}

/// Makes one call, to any end; returns whether it got a response.
async fn call(client: Client, cooldown: Cooldown, fate: Fate) -> bool {
    let departure = Departure::default();
    let response = response(client, cooldown, departure.clone());
    let dropped = async move {
        match fate {
            Fate::Kept => pending().await,
            Fate::DroppedAfter(wait) => sleep(wait).await,
            Fate::DroppedInFlight(wait) => {
                departure.0.notified().await;
                // A sleep of no time may end later than it began.
                if !wait.is_zero() {
                    sleep(wait).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        responded = response => responded,
        () = dropped => false,
    }
}

/// Calls until the response is another one than 429, or there is none.
async fn response(client: Client, cooldown: Cooldown, departure: Departure) -> bool {
    loop {
        cooldown.over().await;
        let mut request = Request::new(String::new());
        request.extensions_mut().insert(departure.clone());
        match client.clone().oneshot(request).await {
            Ok(response) if response.status() == StatusCode::TOO_MANY_REQUESTS => {}
            Ok(response) if response.extensions().get::<HeldBack>().is_some() => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}

/// Later than any cell ends that ends at all.
const HORIZON: Duration = Duration::from_secs(10_000_000);
