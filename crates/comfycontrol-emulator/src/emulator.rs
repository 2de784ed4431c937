//! A running emulator.

mod builder;

use std::fmt;
use std::io;
use std::sync::Arc;

pub use self::builder::EmulatorBuilder;
use crate::server::Loopback;
use crate::shared::Shared;
use crate::{CapturedRequest, EdgeHandle, FaultHandle, Link, Relay, TokenStore};

/// A running server on loopback: the API without and with TLS, and the storage of outputs.
///
/// Each listener speaks HTTP/1.1 and HTTP/2: by ALPN with TLS, by prior knowledge
/// without. Dropping it ends it at once, connections included;
/// [`shutdown`](Self::shutdown) lets responses under way finish.
///
/// See the [crate docs](crate) for an example.
pub struct Emulator {
    shared: Arc<Shared>,
    server: Loopback,
}

impl Emulator {
    /// The URL of the API without TLS: `http://127.0.0.1:<port>`.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.server.http)
    }

    /// The URL of the API with TLS: `https://localhost:<port>`.
    pub fn https_url(&self) -> String {
        format!("https://localhost:{}", self.server.https.port())
    }

    /// The origin of the outputs' signed URLs: `http://127.0.0.1:<port>`, or like
    /// [`https_url`](Self::https_url) with [TLS](EmulatorBuilder::storage_tls).
    ///
    /// A request to it with an `Authorization` header gets a 400.
    pub fn storage_url(&self) -> String {
        self.server.storage_url.clone()
    }

    /// The certificate authority that clients have to trust, in DER; made at the start.
    pub fn ca_der(&self) -> &[u8] {
        &self.server.ca
    }

    /// The certificate authority that clients have to trust, in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.server.ca_pem
    }

    /// Puts a link before the API with TLS: its [URL](Relay::https_url) in place of
    /// [`https_url`](Self::https_url). It is up until it is dropped.
    ///
    /// # Errors
    ///
    /// Fails if no port is free.
    pub async fn link(&self, link: Link) -> io::Result<Relay> {
        link.to(self.server.https).await
    }

    /// A handle to the edge: its statistics and settings.
    pub fn edge(&self) -> EdgeHandle {
        EdgeHandle::new(self.shared.clone())
    }

    /// A handle to the tokens of the emulated account.
    pub fn tokens(&self) -> TokenStore {
        TokenStore::new(self.shared.clone())
    }

    /// A handle to the faults in force.
    pub fn faults(&self) -> FaultHandle {
        FaultHandle::new(self.shared.clone())
    }

    /// The request heads seen on all listeners, in order; see [`EmulatorBuilder::max_captured`].
    pub fn captured_requests(&self) -> Vec<CapturedRequest> {
        self.shared.unlanded().capture.heads()
    }

    /// Forgets the request heads seen so far.
    pub fn clear_captured_requests(&self) {
        self.shared.unlanded().capture.clear();
    }

    /// Accepts nothing more, lets responses under way finish for at most a second, and ends.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("http", &self.server.http)
            .field("https", &self.server.https)
            .field("storage", &self.server.storage_url)
            .finish_non_exhaustive()
    }
}
