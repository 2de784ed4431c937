//! The steps that a request goes through, in their order.

use std::net::IpAddr;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use tokio::time::Instant;

use super::arrival::{Arrival, Next};
use super::faults::{Fault, Faults};
use super::outgoing::{Alteration, Outgoing};
use super::validate::{Invalid, validate};
use crate::api::{self, Account, Payload, Update};
use crate::clock::Now;
use crate::responses::{Damage, Exchange};
use crate::{Body, Edge, Throttled, Verdict};

pub(crate) struct Pipeline {
    pub(crate) edge: Edge,
    pub(crate) throttled: Throttled,
    pub(crate) faults: Faults,
    /// None: whatever the edge admits gets an empty 200.
    account: Option<Account>,
    responses: u64,
}

impl Pipeline {
    pub(crate) fn new(
        edge: Edge,
        throttled: Throttled,
        faults: Faults,
        account: Option<Account>,
    ) -> Self {
        Self {
            edge,
            throttled,
            faults,
            account,
            responses: 0,
        }
    }

    /// Decides on the request with this head, which arrives at `now` from `ip`.
    pub(crate) fn arrive(&mut self, now: Instant, ip: IpAddr, head: &Parts) -> Arrival {
        let verdict = self.edge.decide(now, ip, head);
        if let Verdict::Throttled { wait } = verdict {
            let exchange = self.exchange(now, head);
            let response = self.throttled.response(wait, &exchange);
            return Arrival::at_once(Next::Respond(response.into()));
        }
        let mut arrival = Arrival::at_once(Next::Forward(None));
        let damage = |damage| Next::Forward(Some(Alteration::Damage(damage)));
        match self.faults.strike(head.uri.path()) {
            None => {}
            Some(Fault::Delay(delay)) => arrival.delay = delay,
            Some(Fault::Reset) => arrival.next = Next::Reset,
            Some(Fault::ResetInBody) => arrival.next = damage(Damage::Reset),
            Some(Fault::Respond(shape)) => {
                let response = shape.response_to(&self.exchange(now, head));
                arrival.next = Next::Respond(response.into());
            }
            Some(Fault::Stall) => arrival.next = damage(Damage::Stall),
            Some(Fault::Truncate) => arrival.next = damage(Damage::Truncate),
            Some(Fault::WrongContentType) => {
                arrival.next = Next::Forward(Some(Alteration::Mislabel));
            }
        }
        if let Next::Forward(alteration) = arrival.next
            && let Some(response) = self.turn_away(now, verdict, head)
        {
            let response = response.map(Payload::Body);
            arrival.next = Next::Respond(Outgoing::new(response, alteration));
        }
        arrival
    }

    /// The API's response to a request that the edge let through, its body complete.
    pub(crate) fn respond(
        &mut self,
        now: Instant,
        head: &Parts,
        body: Bytes,
        alteration: Option<Alteration>,
    ) -> Outgoing {
        let exchange = self.exchange(now, head);
        let clocks = self.clocks(now);
        let response = match &mut self.account {
            Some(account) => api::respond(account, clocks, head, body, &exchange),
            None => Response::new(Payload::Body(Body::empty())),
        };
        Outgoing::new(response, alteration)
    }

    /// The response to a body that is longer than the API takes.
    pub(crate) fn respond_too_large(&mut self, now: Instant, head: &Parts) -> Outgoing {
        let exchange = self.exchange(now, head);
        Invalid::BodyTooLarge.response(&exchange).into()
    }

    /// The response of the storage, which stands behind no edge.
    pub(crate) fn respond_from_storage(&mut self, now: Instant, head: &Parts) -> Response<Body> {
        let exchange = self.exchange(now, head);
        match &self.account {
            Some(account) => api::respond_from_storage(account, self.clocks(now), head, &exchange),
            None => Response::new(Body::empty()),
        }
    }

    /// What the subscribers of a run are told now.
    pub(crate) fn update(&self, now: Instant, workflow_id: &str) -> Option<Update> {
        let account = self.account.as_ref()?;
        api::update(account, self.clocks(now), workflow_id)
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
