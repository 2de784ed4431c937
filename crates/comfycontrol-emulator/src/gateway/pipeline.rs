//! The steps that a request goes through, in their order.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use tokio::time::Instant;

use super::arrival::{Arrival, Next};
use super::fault::Fault;
use super::faults::{Faults, Strike, Target};
use super::outgoing::Outgoing;
use super::validate::{Invalid, validate};
use crate::api::{self, Account, ApiFaults, Payload, Update};
use crate::clock::Now;
use crate::responses::{Exchange, error_body};
use crate::{Body, Edge, Ending, Throttled, Verdict};

pub(crate) struct Pipeline {
    pub(crate) edge: Edge,
    pub(crate) throttled: Throttled,
    pub(crate) faults: Faults,
    /// None: what the edge admits gets an empty 200.
    account: Option<Account>,
    /// Whether clients that accept gzip get it.
    compresses: bool,
    responses: u64,
}

impl Pipeline {
    pub(crate) fn new(
        edge: Edge,
        throttled: Throttled,
        faults: Faults,
        account: Option<Account>,
        compresses: bool,
    ) -> Self {
        Self {
            edge,
            throttled,
            faults,
            account,
            compresses,
            responses: 0,
        }
    }

    /// Decides on the request with this head, which arrives at `now` from `ip`.
    pub(crate) fn arrive(&mut self, now: Instant, ip: IpAddr, head: &Parts) -> Arrival {
        let verdict = self.edge.decide(now, ip, head);
        if let Verdict::Throttled { wait } = verdict {
            let exchange = self.exchange(now, head);
            let response = self.throttled.response(wait, &exchange);
            let response = Outgoing::new(response.map(Payload::Body), Strike::default());
            return Arrival::at_once(Next::Respond(response));
        }
        let strike = self.faults.strike(Target::Api, head);
        let mut arrival = self.befall(now, strike, head);
        if let Next::Forward(strike) = &arrival.next
            && let Some(response) = self.turn_away(now, verdict, head)
        {
            let response = response.map(Payload::Body);
            arrival.next = Next::Respond(Outgoing::new(response, strike.clone()));
        }
        arrival
    }

    /// Responds to the request with this head, which has come to the storage. That stands
    /// behind no edge.
    pub(crate) fn arrive_at_storage(&mut self, now: Instant, head: &Parts) -> Arrival {
        let strike = self.faults.strike(Target::Storage, head);
        let mut arrival = self.befall(now, strike, head);
        if let Next::Forward(strike) = &arrival.next {
            let exchange = self.exchange(now, head);
            let response = match &self.account {
                Some(account) => {
                    let faults = api_faults(strike);
                    api::respond_from_storage(account, self.clocks(now), head, &exchange, &faults)
                }
                None => Response::new(Body::empty()),
            };
            let response = response.map(Payload::Body);
            arrival.next = Next::Respond(Outgoing::new(response, strike.clone()));
        }
        arrival
    }

    /// The API's response to a request that the edge let through, its body complete.
    pub(crate) fn respond(
        &mut self,
        now: Instant,
        head: &Parts,
        body: Bytes,
        strike: Strike,
    ) -> Outgoing {
        let exchange = self.exchange(now, head);
        let clocks = self.clocks(now);
        let response = match &mut self.account {
            Some(account) => {
                api::respond(account, clocks, head, body, &exchange, &api_faults(&strike))
            }
            None => Response::new(Payload::Body(Body::empty())),
        };
        let outgoing = Outgoing::new(response, strike);
        if self.compresses && exchange.accepts_gzip() {
            outgoing.compressed()
        } else {
            outgoing
        }
    }

    /// The response to a body that is longer than the API takes.
    pub(crate) fn respond_too_large(&mut self, now: Instant, head: &Parts) -> Outgoing {
        let exchange = self.exchange(now, head);
        let response = Invalid::BodyTooLarge.response(&exchange);
        Outgoing::new(response.map(Payload::Body), Strike::default())
    }

    /// The response to a body that is too much together with those of other requests.
    pub(crate) fn respond_too_many(&mut self, now: Instant, head: &Parts) -> Outgoing {
        let exchange = self.exchange(now, head);
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let body = error_body(status, "too many request bodies at once");
        let response = exchange.response(status, "application/json", body);
        Outgoing::new(response.map(Payload::Body), Strike::default())
    }

    /// What the subscribers of a run are told now.
    pub(crate) fn update(&self, now: Instant, workflow_id: &str) -> Option<Update> {
        let account = self.account.as_ref()?;
        api::update(account, self.clocks(now), workflow_id)
    }

    /// What these faults do before there is a response.
    fn befall(&mut self, now: Instant, strike: Strike, head: &Parts) -> Arrival {
        let mut arrival = Arrival::at_once(Next::Forward(strike.clone()));
        for fault in strike.iter() {
            match fault {
                Fault::Delay(delay) => arrival.delay = arrival.delay.saturating_add(*delay),
                Fault::End(ending) => arrival.next = Next::End(*ending),
                Fault::Reset => arrival.next = Next::End(Ending::Reset),
                Fault::Respond(shape) => {
                    let response = shape.response_to(&self.exchange(now, head));
                    let response = response.map(Payload::Body);
                    arrival.next = Next::Respond(Outgoing::new(response, strike.clone()));
                }
                _ => {}
            }
        }
        arrival
    }

    /// The response to a request within the limit that need not bother the API.
    fn turn_away(
        &mut self,
        now: Instant,
        verdict: Verdict,
        head: &Parts,
    ) -> Option<Response<Body>> {
        let invalid = if let Verdict::Unauthorized(reason) = verdict {
            Invalid::Unauthorized(reason)
        } else if self.account.is_none() {
            return Some(Response::new(Body::empty()));
        } else {
            validate(head).err()?
        };
        Some(invalid.response(&self.exchange(now, head)))
    }

    fn clocks(&self, now: Instant) -> Now {
        Now {
            instant: now,
            wall_clock: self.edge.wall_clock(now),
        }
    }

    fn exchange(&mut self, now: Instant, head: &Parts) -> Exchange {
        self.responses += 1;
        Exchange::new(self.responses, self.edge.wall_clock(now), head)
    }
}

/// What the API itself does wrong.
fn api_faults(strike: &Strike) -> ApiFaults {
    let mut faults = ApiFaults::default();
    for fault in strike.iter() {
        match fault {
            Fault::Events(fault) => faults.events.push(fault.clone()),
            Fault::File(fault) => faults.files.push(*fault),
            Fault::List(fault) => faults.lists.push(*fault),
            _ => {}
        }
    }
    faults
}
