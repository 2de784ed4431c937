//! Several limiters that share one budget over a store, seen from outside.

mod events;
mod fleet;
mod outage;
mod stopping;
mod store;
mod together;
