//! The emulator over real sockets on loopback.

mod client;
mod faults;
mod routes;
mod runs;
mod shapes;
mod tls;
