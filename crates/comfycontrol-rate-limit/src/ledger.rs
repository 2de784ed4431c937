//! The budget that many processes share, as one record in a [`Store`](crate::Store): what is in it,
//! what one process may change in one step, and when it is its turn. Pure: no clock, no store.
//!
//! * [`book`] is the record: stamps, owners with their leases, the queue of owners, the gate.
//! * [`encode`] and [`decode`] make bytes of it and back.
//! * [`clock`] bounds the store's time by our own clocks, and undoes its steps.
//! * [`revision`] is the record after one atomic step: what has happened here since the last one,
//!   and the grants.
//! * [`forecast`] tells when it is a process's turn. No process asks before.
//! * [`session`] is one process's side: what it knows, what it has sent, and what to do next.
//!
//! All times are microseconds of the record's time, unless they are [`Moment`]s of our own clocks.

mod attempts;
mod batch;
mod book;
mod clock;
mod decode;
mod encode;
mod forecast;
mod owners;
mod revision;
mod session;
mod terms;
mod wire;

pub(crate) use self::batch::{Demand, Note};
pub(crate) use self::clock::{Asked, Moment};
#[cfg(test)]
pub(crate) use self::decode::Unreadable;
pub(crate) use self::session::{Action, Grants, Incompatible, News, Session, View};
pub(crate) use self::terms::Terms;

#[cfg(test)]
mod tests;
