//! Requests on their way to the edge.
//!
//! Once dispatched, a request arrives whatever becomes of the future that waits for its
//! answer, and is decided as of its own arrival, in the order of arrivals, whoever comes
//! to look first. No task is needed: looking at the state lands what is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use tokio::time::Instant;

use crate::shared::{Arrival, Next, Shared, State};

/// The number of a flight, for the one who waits for it.
pub(crate) type Ticket = usize;

#[derive(Default)]
pub(crate) struct Flights {
    /// Arrival, order of dispatch, ticket.
    due: BinaryHeap<Reverse<(Instant, u64, Ticket)>>,
    flights: Vec<Flight>,
    free: Vec<Ticket>,
    serial: u64,
}

enum Flight {
    Free,
    Landed(Arrival),
    /// Landed with a head the API has not answered yet, because its body is still to come.
    Open(Arrival, Box<Parts>),
    Travelling(Box<Departure>),
}

/// A request that has left its client.
pub(crate) struct Departure {
    ip: IpAddr,
    head: Parts,
    /// Whether a body follows that only the waiting future can read.
    has_body: bool,
    awaited: bool,
}

impl Departure {
    pub(crate) fn new(ip: IpAddr, head: Parts, has_body: bool) -> Self {
        Self {
            ip,
            head,
            has_body,
            awaited: true,
        }
    }
}

impl State {
    /// Sends a request off to arrive at `arrival`.
    pub(crate) fn dispatch(&mut self, arrival: Instant, departure: Departure) -> Ticket {
        let flights = &mut self.flights;
        let flight = Flight::Travelling(Box::new(departure));
        let ticket = match flights.free.pop() {
            Some(ticket) => {
                flights.flights[ticket] = flight;
                ticket
            }
            None => {
                flights.flights.push(flight);
                flights.flights.len() - 1
            }
        };
        flights.due.push(Reverse((arrival, flights.serial, ticket)));
        flights.serial += 1;
        ticket
    }

    /// Decides, in order, on every request that has arrived by `now`.
    pub(crate) fn land(&mut self, shared: &Arc<Shared>, now: Instant) {
        while let Some(&Reverse((arrival, _, ticket))) = self.flights.due.peek()
            && arrival <= now
        {
            self.flights.due.pop();
            let flight = mem::replace(&mut self.flights.flights[ticket], Flight::Free);
            if let Flight::Travelling(departure) = flight {
                self.land_one(shared, arrival, ticket, *departure);
            }
        }
    }

    /// What came of a flight that has landed; with its head if the API waits for the body.
    pub(crate) fn collect(&mut self, ticket: Ticket) -> Option<(Arrival, Option<Box<Parts>>)> {
        let flight = mem::replace(&mut self.flights.flights[ticket], Flight::Free);
        let collected = match flight {
            Flight::Landed(arrival) => (arrival, None),
            Flight::Open(arrival, head) => (arrival, Some(head)),
            travelling => {
                self.flights.flights[ticket] = travelling;
                return None;
            }
        };
        self.flights.free.push(ticket);
        Some(collected)
    }

    /// Nobody waits for this flight any more; it lands all the same.
    pub(crate) fn abandon(&mut self, ticket: Ticket) {
        if let Flight::Travelling(departure) = &mut self.flights.flights[ticket] {
            departure.awaited = false;
        } else {
            self.flights.flights[ticket] = Flight::Free;
            self.flights.free.push(ticket);
        }
    }

    fn land_one(
        &mut self,
        shared: &Arc<Shared>,
        arrival: Instant,
        ticket: Ticket,
        departure: Departure,
    ) {
        let mut landed = self.arrive(arrival, departure.ip, &departure.head);
        if let Next::Forward(alteration) = landed.next
            && !departure.has_body
        {
            let head = &departure.head;
            let answer = self.answer(shared, arrival, head, Bytes::new(), alteration);
            landed.next = Next::Answer(answer);
        }
        if !departure.awaited {
            self.flights.free.push(ticket);
            return;
        }
        self.flights.flights[ticket] = match landed.next {
            Next::Forward(_) => Flight::Open(landed, Box::new(departure.head)),
            _ => Flight::Landed(landed),
        };
    }
}
