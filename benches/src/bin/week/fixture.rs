//! The client and the edge, and what changes about them.

use std::sync::Arc;
use std::time::Duration;

use comfycontrol::Client;
use comfycontrol::token::{AsyncTokenSource, Token, TokenFuture, TokenProvider};
use comfycontrol_emulator::{
    Algorithm, EdgeService, Emulator, Ending, Fault, FaultRule, Limit, Shape, Throttled, Transit,
};
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_test::{MILLISECOND, SECOND};
use parking_lot::Mutex;
use tokio::time::sleep;

use crate::counters::{Counters, Counting};

pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// After it a server counts nothing of what was sent before.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(24);

pub(crate) struct Fixture {
    pub(crate) seed: u64,
    pub(crate) client: Client,
    pub(crate) limiter: Limiter,
    pub(crate) edge: EdgeService,
    pub(crate) counters: Arc<Mutex<Counters>>,
    quota: Mutex<u32>,
    token: Current,
    provider: TokenProvider,
    tokens: Mutex<u32>,
}

/// The token that is good now.
#[derive(Clone)]
struct Current(Arc<Mutex<Token>>);

impl AsyncTokenSource for Current {
    fn read(&self) -> TokenFuture<'_> {
        Box::pin(std::future::ready(Ok(self.0.lock().clone())))
    }
}

impl Fixture {
    pub(crate) fn new(seed: u64) -> Self {
        let way = 10 * MILLISECOND..SECOND;
        let chance = |probability, fault| FaultRule::chance(probability, seed, fault);
        let edge = Emulator::builder()
            .limit(limit(40))
            .max_captured(0)
            .fault(chance(0.002, Fault::Respond(Shape::BadGateway)))
            .fault(chance(0.002, Fault::End(Ending::Reset)))
            .fault(chance(0.002, Fault::ResetInBody))
            .fault(chance(0.001, Fault::Delay(40 * SECOND)))
            .service()
            .transit(Transit::between(way.clone(), way, seed));
        let limiter = Limiter::new(quota(40));
        let (counting, counters) = Counting::new(edge.clone());
        let first = edge.tokens().create("token 0", None);
        let token = Current(Arc::new(Mutex::new(Token::parse(first).expect("a token"))));
        let provider = TokenProvider::from_async(token.clone());
        let client = Client::builder()
            .base_url("https://api.example")
            .rate_limit(limiter.clone())
            .token_provider(provider.clone())
            .transport(counting)
            .build()
            .expect("the settings are sound");
        Self {
            seed,
            client,
            limiter,
            edge,
            counters,
            quota: Mutex::new(40),
            token,
            provider,
            tokens: Mutex::new(0),
        }
    }

    /// The next `requests` requests get a 429 that the limit has nothing to do with.
    pub(crate) fn make_up_429s(&self, requests: u32) {
        let throttled = Fault::Respond(Shape::Throttled(Throttled::json()));
        let rule = FaultRule::next(requests, throttled);
        self.edge.faults().add(rule);
    }

    /// Another token; the one before is refused at once. The client is told, or finds out.
    pub(crate) fn rotate(&self, is_told: bool) {
        let mut tokens = self.tokens.lock();
        let before = format!("token {}", *tokens);
        *tokens += 1;
        let name = format!("token {}", *tokens);
        let plain = self.edge.tokens().create(&name, None);
        *self.token.0.lock() = Token::parse(plain).expect("a token");
        self.edge.tokens().revoke(&before);
        if is_told {
            self.provider.refresh();
        }
    }

    /// Another quota: for the client first where it is less, and last where it is more.
    pub(crate) async fn set_quota(&self, requests: u32) {
        let before = std::mem::replace(&mut *self.quota.lock(), requests);
        if requests < before {
            self.limiter.set_quota(quota(requests));
            sleep(FORGOTTEN).await;
            self.edge.edge().set_limit(limit(requests));
        } else {
            self.edge.edge().set_limit(limit(requests));
            self.limiter.set_quota(quota(requests));
        }
    }
}

fn quota(requests: u32) -> Quota {
    Quota::new(requests, WINDOW).expect("a quota")
}

fn limit(requests: u32) -> Limit {
    let phase = 3_300 * MILLISECOND;
    Limit::new(requests, WINDOW)
        .expect("a limit")
        .algorithm(Algorithm::SlidingCounter { phase })
}
