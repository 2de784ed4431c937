//! The emulator on loopback: listeners, connections and TLS.

mod accept;
mod connection;
mod loopback;
mod tls;

pub(crate) use self::loopback::{Bound, Loopback};
