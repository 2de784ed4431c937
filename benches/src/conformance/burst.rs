//! One burst and its aftermath: when each call of many at once was served, and when the server
//! throttled.

use std::time::Duration;

use comfycontrol_emulator::{Algorithm, Block, Emulator, Limit};
use http::{Request, StatusCode};
use tokio::runtime;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::clock;
use super::link::{Cooldown, HeldBack, Link, Trouble};
use super::network::Network;
use super::policy::Policy;
use super::server::{COOLDOWN, LIMIT, WINDOW};

/// What came of calls that were all made at once, under one policy. Times are since then.
///
/// ```
/// use comfycontrol_benches::conformance::{Burst, Policy};
///
/// let burst = Burst::run(Policy::ALL[0], 50);
/// assert_eq!(burst.served.len(), 50);
/// assert!(burst.throttled.is_empty());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Burst {
    /// When each call had its response, in order.
    pub served: Vec<Duration>,
    /// When each 429 came, in order.
    pub throttled: Vec<Duration>,
}

impl Burst {
    /// Makes so many calls at once, over a round trip of 50 ms, to a server that counts 40 in 10 s
    /// as Cloudflare does, by two windows and their weights, and is silent for 10 s after a breach.
    /// All runs on a paused clock of its own.
    ///
    /// # Panics
    ///
    /// Panics if the policy does, or fails a call.
    pub fn run(policy: Policy, calls: usize) -> Self {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let runtime = runtime.expect("a runtime without I/O takes no resources");
        runtime.block_on(Self::play(policy, calls))
    }

    async fn play(policy: Policy, calls: usize) -> Self {
        let start = clock::now();
        let phase = WINDOW / 4;
        let limit = Limit::new(LIMIT, WINDOW).expect("40 per 10 s is a limit");
        let limit = limit.algorithm(Algorithm::SlidingCounter { phase });
        let edge = Emulator::builder()
            .limit(limit.block(Block::For(COOLDOWN)))
            .without_api()
            .service()
            .transit(NETWORK.transit(0, 0.0));
        let cooldown = Cooldown::new(policy.lent_cooldown());
        let link = Link::new(edge, cooldown.clone(), Trouble::new(0.0, 0));
        let client = policy.client(link, Duration::ZERO);
        let mut running = JoinSet::new();
        for _ in 0..calls {
            let (client, cooldown) = (client.clone(), cooldown.clone());
            running.spawn(async move {
                let mut throttled = Vec::new();
                loop {
                    cooldown.over().await;
                    let response = client.clone().oneshot(Request::new(String::new())).await;
                    let response = response.expect("nothing fails here");
                    if response.extensions().get::<HeldBack>().is_some() {
                        continue;
                    }
                    let time = clock::now() - start;
                    if response.status() != StatusCode::TOO_MANY_REQUESTS {
                        return (time, throttled);
                    }
                    throttled.push(time);
                }
            });
        }
        let mut burst = Self::default();
        while let Some(call) = running.join_next().await {
            let (served, throttled) = call.expect("no call panics");
            burst.served.push(served);
            burst.throttled.extend(throttled);
        }
        burst.served.sort_unstable();
        burst.throttled.sort_unstable();
        burst
    }
}

/// 50 ms, half there and half back.
const NETWORK: Network = Network::ALL[1];
