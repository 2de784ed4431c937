//! What all handles, listeners and services of one emulator share.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::body::Damage;
use crate::capture::Capture;
use crate::exchange::{Exchange, api_error};
use crate::faults::Faults;
use crate::flights::Flights;
use crate::garbage::mislabel;
use crate::routes::{self, Api};
use crate::{Body, Edge, Fault, Refusal, Shape, Verdict, clock};

pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) fn new(state: State) -> Arc<Self> {
        Arc::new(Self(Mutex::new(state)))
    }

    /// The state, with every request that has arrived by `now` decided.
    pub(crate) fn at(self: &Arc<Self>, now: Instant) -> MutexGuard<'_, State> {
        let mut state = self.0.lock();
        state.land(self, now);
        state
    }

    /// The state as it was left, for those who have no clock.
    pub(crate) fn unlanded(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }

    pub(crate) fn now(self: &Arc<Self>) -> MutexGuard<'_, State> {
        self.at(clock::now())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

pub(crate) struct State {
    pub(crate) edge: Edge,
    /// None: whatever the edge admits is answered with an empty 200.
    pub(crate) api: Option<Api>,
    pub(crate) refusal: Refusal,
    pub(crate) faults: Faults,
    pub(crate) capture: Capture,
    pub(crate) flights: Flights,
    pub(crate) answers: u64,
}

/// What becomes of a request whose head has arrived.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) delay: Duration,
    pub(crate) next: Next,
}

#[derive(Debug)]
pub(crate) enum Next {
    Answer(Response<Body>),
    /// The API wants to see the body.
    Forward(Option<Alteration>),
    Reset,
}

/// What a fault does to the API's answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alteration {
    Damage(Damage),
    Mislabel,
}

/// Both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    pub(crate) wall: SystemTime,
}

impl State {
    /// Decides on the request with this head, which arrives at `now` from `ip`.
    pub(crate) fn arrive(&mut self, now: Instant, ip: IpAddr, head: &Parts) -> Arrival {
        let verdict = self.edge.decide(now, ip, head);
        if let Verdict::RateLimited { wait } = verdict {
            let exchange = self.exchange(now, head);
            return Arrival::answer(self.refusal.response(wait, &exchange));
        }
        let mut arrival = Arrival {
            delay: Duration::ZERO,
            next: Next::Forward(None),
        };
        match self.faults.strike(head.uri.path()) {
            None => {}
            Some(Fault::Answer(shape)) => {
                return Arrival::answer(shape.answer(&self.exchange(now, head)));
            }
            Some(Fault::Delay(delay)) => arrival.delay = delay,
            Some(Fault::Reset) => arrival.next = Next::Reset,
            Some(Fault::ResetInBody) => arrival.alter(Alteration::Damage(Damage::Reset)),
            Some(Fault::Stall) => arrival.alter(Alteration::Damage(Damage::Stall)),
            Some(Fault::Truncate) => arrival.alter(Alteration::Damage(Damage::Truncate)),
            Some(Fault::WrongContentType) => arrival.alter(Alteration::Mislabel),
        }
        if let Next::Forward(alteration) = arrival.next
            && let Some(mut response) = self.turn_away(now, verdict, head)
        {
            alter(&mut response, alteration);
            arrival.next = Next::Answer(response);
        }
        arrival
    }

    /// The API's answer to a request that the edge let through, its body complete.
    pub(crate) fn answer(
        &mut self,
        shared: &Arc<Shared>,
        now: Instant,
        head: &Parts,
        body: Bytes,
        alteration: Option<Alteration>,
    ) -> Response<Body> {
        let exchange = self.exchange(now, head);
        let clocks = self.clocks(now);
        let mut response = match &mut self.api {
            Some(api) => routes::answer(api, shared, clocks, head, body, &exchange),
            None => Response::new(Body::empty()),
        };
        alter(&mut response, alteration);
        response
    }

    /// The answer to a body that is longer than the API takes.
    pub(crate) fn too_large(&mut self, now: Instant, head: &Parts) -> Response<Body> {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        let body = api_error(status, "request body exceeds 50MB");
        self.exchange(now, head)
            .response(status, "application/json", body)
    }

    pub(crate) fn clocks(&self, now: Instant) -> Now {
        Now {
            instant: now,
            wall: self.edge.wall(now),
        }
    }

    pub(crate) fn exchange(&mut self, now: Instant, head: &Parts) -> Exchange {
        self.answers += 1;
        Exchange::new(self.answers, self.edge.wall(now), head)
    }

    /// The answer to a request within the limit that need not bother the API.
    fn turn_away(
        &mut self,
        now: Instant,
        verdict: Verdict,
        head: &Parts,
    ) -> Option<Response<Body>> {
        if let Verdict::Unauthorized(reason) = verdict {
            let status = StatusCode::UNAUTHORIZED;
            let body = api_error(status, reason.message());
            let exchange = self.exchange(now, head);
            let mut response = exchange.response(status, "application/json", body);
            // Not documented for this API, but RFC 9110 §15.5.2 asks for one.
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            return Some(response);
        }
        if self.api.is_none() {
            return Some(Response::new(Body::empty()));
        }
        let uri = head
            .uri
            .path_and_query()
            .map_or(0, |path| path.as_str().len());
        let headers = head
            .headers
            .iter()
            .map(|(n, v)| n.as_str().len() + v.len() + 4);
        if uri > LONGEST_URI {
            Some(Shape::UriTooLong.answer(&self.exchange(now, head)))
        } else if headers.sum::<usize>() > LONGEST_HEADERS {
            Some(Shape::HeadersTooLarge.answer(&self.exchange(now, head)))
        } else if declared_length(head).is_some_and(|length| length > LONGEST_BODY as u64) {
            Some(self.too_large(now, head))
        } else {
            None
        }
    }
}

impl Arrival {
    fn answer(response: Response<Body>) -> Self {
        Self {
            delay: Duration::ZERO,
            next: Next::Answer(response),
        }
    }

    fn alter(&mut self, alteration: Alteration) {
        self.next = Next::Forward(Some(alteration));
    }
}

fn alter(response: &mut Response<Body>, alteration: Option<Alteration>) {
    match alteration {
        None => {}
        Some(Alteration::Mislabel) => mislabel(response),
        Some(Alteration::Damage(damage)) => {
            let body = std::mem::replace(response.body_mut(), Body::empty());
            *response.body_mut() = body.damaged(damage);
        }
    }
}

fn declared_length(head: &Parts) -> Option<u64> {
    head.headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// What the API takes at most in one request: the documented 50 MB.
pub(crate) const LONGEST_BODY: usize = 50_000_000;
/// Cloudflare's bounds: 32 KB of URI, 128 KB of headers.
const LONGEST_URI: usize = 32 * 1024;
const LONGEST_HEADERS: usize = 128 * 1024;
