//! The store over the servers that are installed, and what happens to servers and connections.

mod cluster;
mod eviction;
mod faults;
mod limiters;
mod presence;
mod register;
mod relay;
mod secrets;
mod sentinel;
mod support;
#[cfg(feature = "tls")]
mod tls;
