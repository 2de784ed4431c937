//! The store over the servers that are installed, and what happens to servers and connections.

mod eviction;
mod faults;
mod presence;
mod register;
mod secrets;
mod support;
#[cfg(feature = "tls")]
mod tls;
