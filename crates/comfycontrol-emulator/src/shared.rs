//! What all handles, listeners and services of one emulator share.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::request::Parts;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::capture::Capture;
use crate::clock;
use crate::gateway::{Arrival, Next, Pipeline, lost};
use crate::log::Log;
use crate::network::{Departure, Flights};

pub(crate) struct Shared {
    state: Mutex<State>,
    /// Bytes of request bodies that are being read.
    reading: AtomicUsize,
    pub(crate) log: Log,
}

pub(crate) struct State {
    pub(crate) pipeline: Pipeline,
    pub(crate) capture: Capture,
    pub(crate) flights: Flights<Landed>,
}

/// What came of a request that travelled by itself.
pub(crate) struct Landed {
    pub(crate) arrival: Arrival,
    /// The head, if the API waits for the body.
    pub(crate) head: Option<Box<Parts>>,
}

impl Shared {
    pub(crate) fn new(pipeline: Pipeline, capture: Capture) -> Self {
        let state = State {
            pipeline,
            capture,
            flights: Flights::new(),
        };
        Self {
            state: Mutex::new(state),
            reading: AtomicUsize::new(0),
            log: Log::new(),
        }
    }

    /// The state, with every request that has arrived by `now` decided.
    pub(crate) fn at(&self, now: Instant) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        let State {
            pipeline, flights, ..
        } = &mut *state;
        flights.land(now, |at, departure| land(pipeline, at, departure));
        state
    }

    /// The state as it was left, for callers without a clock.
    pub(crate) fn unlanded(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// A body that is being read, and has no bytes yet.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading {
            all: &self.reading,
            bytes: 0,
        }
    }

    pub(crate) fn now(&self) -> MutexGuard<'_, State> {
        self.at(clock::now())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The part that one body has of what all bodies under way may take.
pub(crate) struct Reading<'a> {
    all: &'a AtomicUsize,
    bytes: usize,
}

impl Reading<'_> {
    /// Takes so many bytes more, if there are.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed) + bytes <= MAX_READING
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Room for five bodies of the greatest size.
const MAX_READING: usize = 256 << 20;

fn land(pipeline: &mut Pipeline, at: Instant, departure: Departure) -> Landed {
    let Departure { ip, head, has_body } = departure;
    let mut arrival = pipeline.arrive(at, ip, &head);
    if let Next::Forward(strike) = &arrival.next
        && !has_body
    {
        let lost = lost(strike);
        let outgoing = pipeline.respond(at, &head, Bytes::new(), strike.clone());
        arrival.next = match lost {
            Some((_, ending)) => Next::End(ending),
            None => Next::Respond(outgoing),
        };
    }
    let is_open = matches!(arrival.next, Next::Forward(_));
    Landed {
        arrival,
        head: is_open.then(|| Box::new(head)),
    }
}
