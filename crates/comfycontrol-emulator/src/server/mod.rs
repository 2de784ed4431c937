//! The emulator on loopback: listeners, connections and TLS.

mod accept;
mod bounds;
mod connection;
mod early_hints;
mod ended;
mod exchange;
mod line;
mod loopback;
mod tls;

pub(crate) use self::bounds::Bounds;
pub(crate) use self::loopback::{Bound, Loopback};
