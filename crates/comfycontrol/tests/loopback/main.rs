//! Real sockets, real TLS and HTTP/2, against the emulator and its own CA.

mod calls;
mod environment;
mod failures;
mod proxy;
mod support;
mod transfers;
