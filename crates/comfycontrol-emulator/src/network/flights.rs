//! Requests on their way to the edge.
//!
//! Once dispatched, a request arrives whatever becomes of the future that waits for its response.
//! It is decided as of its own arrival, in the order of arrivals. Which caller looks first does not
//! matter. No task is needed: each caller that looks lands what is due.

use std::collections::BTreeMap;
use std::net::IpAddr;

use http::request::Parts;
use slab::Slab;
use tokio::time::Instant;

/// The number of a flight, for the caller that waits for it.
pub(crate) type Ticket = usize;

/// Requests that have left their client, and what came of those that have arrived.
pub(crate) struct Flights<T> {
    /// By arrival, then by the order of dispatch.
    due: BTreeMap<(Instant, u64), (Ticket, Box<Departure>)>,
    flights: Slab<Flight<T>>,
    serial: u64,
}

enum Flight<T> {
    /// Under way, and no caller waits for it.
    Abandoned,
    Landed(T),
    Travelling,
}

/// A request that has left its client.
pub(crate) struct Departure {
    pub(crate) ip: IpAddr,
    pub(crate) head: Parts,
    /// Whether a body follows that only the waiting future can read.
    pub(crate) has_body: bool,
}

impl<T> Flights<T> {
    pub(crate) fn new() -> Self {
        Self {
            due: BTreeMap::new(),
            flights: Slab::new(),
            serial: 0,
        }
    }

    /// Sends a request off to arrive at `arrival`.
    pub(crate) fn dispatch(&mut self, arrival: Instant, departure: Departure) -> Ticket {
        let ticket = self.flights.insert(Flight::Travelling);
        let due = (arrival, self.serial);
        self.due.insert(due, (ticket, Box::new(departure)));
        self.serial += 1;
        ticket
    }

    /// Decides, in order, on every request that has arrived by `now`.
    pub(crate) fn land(&mut self, now: Instant, mut decide: impl FnMut(Instant, Departure) -> T) {
        while let Some(first) = self.due.first_entry()
            && first.key().0 <= now
        {
            let ((arrival, _), (ticket, departure)) = first.remove_entry();
            let landed = decide(arrival, *departure);
            if let Flight::Abandoned = self.flights[ticket] {
                self.flights.remove(ticket);
            } else {
                self.flights[ticket] = Flight::Landed(landed);
            }
        }
    }

    /// What came of a flight, if it has landed.
    pub(crate) fn collect(&mut self, ticket: Ticket) -> Option<T> {
        if !matches!(self.flights[ticket], Flight::Landed(_)) {
            return None;
        }
        match self.flights.remove(ticket) {
            Flight::Landed(landed) => Some(landed),
            Flight::Abandoned | Flight::Travelling => None,
        }
    }

    /// No caller waits for this flight any more; it still lands.
    pub(crate) fn abandon(&mut self, ticket: Ticket) {
        match self.flights[ticket] {
            Flight::Landed(_) => drop(self.flights.remove(ticket)),
            Flight::Abandoned | Flight::Travelling => self.flights[ticket] = Flight::Abandoned,
        }
    }
}
