//! The store over the servers that are installed, and what happens to servers and connections.
//!
//! * `cluster`: the nodes of a cluster, and keys that move between them.
//! * `eviction`: a server that throws records out.
//! * `faults`: servers that stop, end, start empty or are replicas, and connections that are cut.
//! * `limiters`: limiters that share a budget while all that happens.
//! * `presence`: which members are there, and which are gone.
//! * `register`: what every store must do, and what a key may hold.
//! * `secrets`: users with few rights, and passwords that are not shown.
//! * `sentinel`: a server that is a sentinel.
//! * `tls`: certificates that are trusted, and others.
//!
//! The rest is for the tests: `relay` stands between a store and its server, `support` is what all
//! of them need.

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
