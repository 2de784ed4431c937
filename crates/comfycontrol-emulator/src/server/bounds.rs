//! How much one client may take of the server.

use std::time::Duration;

/// The bounds of each listener's connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Connections open at once on each listener.
    pub(crate) connections: usize,
    /// From the connection to its first whole head, the handshake of TLS included.
    pub(crate) head_timeout: Duration,
    /// Without a request under way, or between two pieces of a request's body.
    pub(crate) idle_timeout: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
        }
    }
}
