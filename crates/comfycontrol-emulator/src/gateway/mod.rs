//! A request's way from the edge to the API: the limit and the token, the faults, what is
//! turned away by its head, the API.
//!
//! Pure: every step is told the time and does no I/O.

mod arrival;
mod fault;
mod faults;
mod outgoing;
mod pipeline;
mod validate;

pub(crate) use self::arrival::{Arrival, Next};
pub use self::fault::Fault;
pub use self::faults::FaultRule;
pub(crate) use self::faults::{Faults, Strike, lost};
pub(crate) use self::outgoing::{OnConnection, Outgoing};
pub(crate) use self::pipeline::Pipeline;
pub(crate) use self::validate::MAX_BODY;
