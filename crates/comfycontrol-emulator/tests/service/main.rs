//! The emulator as a tower service under a paused clock: what depends on the time that requests and
//! responses take, and what holds without sockets.
//!
//! * `api`: the API behind the edge.
//! * `handles`: what is shared by clones and handles, and by threads.
//! * `network`: requests and responses on their way.
//!
//! `client` is an edge without an API, and requests to it.

mod api;
mod client;
mod handles;
mod network;
