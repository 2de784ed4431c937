//! The client against the emulator, by real sockets, TLS and HTTP/2.
//!
//! * `calls`: the main job: many calls at once, the token, runtimes, clients that share a limiter.
//! * `environment`: what the environment says of token and proxies, and proxies at work.
//! * `failures`: settings, connections and responses that are wrong, and what is said of them.
//! * `transfers`: uploads.
//!
//! The rest is for the tests: `proxy` is a proxy for one connection, and `support` makes the
//! client.

mod calls;
mod environment;
mod failures;
mod proxy;
mod support;
mod transfers;
