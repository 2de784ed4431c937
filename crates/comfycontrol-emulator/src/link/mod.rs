//! A long way between a client and a server that are both on this machine.

mod line;
mod relay;

use self::line::Line;

pub use self::relay::Relay;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;

/// A link that delays, limits and cuts what goes over it, byte for byte, TLS included.
///
/// A relay on loopback stands for it: clients connect to the relay, and it to a server on this
/// machine. The delay is on the way of the bytes; the TCP handshake takes no time. Without a
/// bandwidth the link is as fast as the machine.
///
/// ```
/// use comfycontrol_emulator::{Emulator, Link};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let emulator = Emulator::builder().start().await?;
/// // 100 ms there and back, 10 MB a second each way, and the first connection breaks after 1 MB.
/// let link = Link::new(Duration::from_millis(100))
///     .bandwidth(10_000_000)
///     .cut_after(1_000_000);
/// let relay = emulator.link(link).await?;
///
/// // In place of `emulator.https_url()`.
/// let url = relay.https_url();
/// # drop(url);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Link {
    round_trip: Duration,
    bandwidth: Option<u64>,
    cuts: Vec<u64>,
}

impl Link {
    /// A link on which the way there and back takes so long. It cuts nothing.
    #[must_use]
    pub fn new(round_trip: Duration) -> Self {
        Self {
            round_trip,
            bandwidth: None,
            cuts: Vec::new(),
        }
    }

    /// Carries so many bytes a second for each connection and direction, at least one.
    #[must_use]
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.bandwidth = Some(bytes_per_second.max(1));
        self
    }

    /// Ends the first connection after so many bytes from the server. Called again, it is the
    /// second connection, and so on; the others are left whole.
    #[must_use]
    pub fn cut_after(mut self, bytes: u64) -> Self {
        self.cuts.push(bytes);
        self
    }

    /// Begins to relay to a server on this machine.
    ///
    /// # Errors
    ///
    /// Fails if the server is not on loopback, or if no port is free.
    pub async fn to(self, server: SocketAddr) -> io::Result<Relay> {
        if !server.ip().is_loopback() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (delay, bandwidth) = (self.round_trip / 2, self.bandwidth);
        let line = move || Line::new(delay, bandwidth);
        Relay::start(listener, server, line, self.cuts)
    }
}
