//! What is measured: our layers and client, their peers, and the least that any code could do.

#![expect(
    clippy::missing_panics_doc,
    reason = "all of it panics when what is measured does not do what it should"
)]

pub mod crates;
pub mod http;
pub mod layers;
pub mod limiter;
pub mod programs;
pub mod queue;
pub mod responses;

mod bare;
mod peers;
mod ring;
