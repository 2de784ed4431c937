//! What lies between a client and the edge: time, loss, and connections that break.

mod flights;
mod lost;
mod transit;
mod wire;

pub(crate) use self::flights::{Departure, Flights, Ticket};
pub use self::lost::Lost;
pub use self::transit::{RoundTrip, Transit};
pub(crate) use self::wire::{Cut, Wire};
