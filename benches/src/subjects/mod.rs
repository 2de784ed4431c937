//! What is measured: our layers and client, their peers, and the least that anybody could do.

pub mod crates;
pub mod http;
pub mod layers;
pub mod limiter;
pub mod queue;
pub mod replies;

mod peers;
mod ring;
