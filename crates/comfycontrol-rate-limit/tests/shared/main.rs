//! Several limiters that share one budget over a store, seen from outside.
//!
//! * `events`: what is told through `tracing`.
//! * `fleet`: what one process sees of all of them.
//! * `outage`: a store that is away: calls wait or are rejected, and never leave.
//! * `stopping`: a keeper that goes: calls are rejected, typed, and never leave.
//! * `together`: all of them together keep to one quota, in turns.
//!
//! The rest is for the tests: `store` is a store in memory that can be away.

mod events;
mod fleet;
mod outage;
mod stopping;
mod store;
mod together;
