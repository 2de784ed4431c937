//! The emulator as a server on loopback.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::listener::Accepting;
use crate::shared::Shared;
use crate::tls::Tls;
use crate::{CapturedRequest, EdgeHandle, EmulatorBuilder, FaultHandle, Listener, TokenStore};

/// A running server: the API without and with TLS, and the storage of outputs.
///
/// It listens on loopback only. Each listener speaks HTTP/1.1 and HTTP/2: by ALPN with
/// TLS, by prior knowledge without. Dropping it ends it at once, connections included;
/// [`shutdown`](Self::shutdown) lets answers under way finish.
///
/// See the [crate docs](crate) for an example.
pub struct Emulator {
    shared: Arc<Shared>,
    http: SocketAddr,
    https: SocketAddr,
    storage: SocketAddr,
    ca: Vec<u8>,
    ca_pem: String,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

impl Emulator {
    /// Settings, to be changed before the start.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::new()
    }

    pub(crate) async fn start(builder: EmulatorBuilder) -> io::Result<Self> {
        let tls = Tls::make()?;
        let [http, https, storage] = builder.ports;
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, http)).await?;
        let https = TcpListener::bind((Ipv4Addr::LOCALHOST, https)).await?;
        let storage = TcpListener::bind((Ipv4Addr::LOCALHOST, storage)).await?;
        let storage_url = format!("http://{}", storage.local_addr()?);

        let connections = builder.max_connections;
        let (stop, stopped) = watch::channel(false);
        let mut emulator = Self {
            shared: builder.storage(storage_url).share(),
            http: http.local_addr()?,
            https: https.local_addr()?,
            storage: storage.local_addr()?,
            ca: tls.ca.to_vec(),
            ca_pem: tls.ca_pem,
            stop,
            listeners: Vec::new(),
        };
        let accepting = Accepting::new(emulator.shared.clone(), stopped, connections);
        for (listener, kind, acceptor) in [
            (http, Listener::Http, None),
            (https, Listener::Https, Some(tls.acceptor)),
            (storage, Listener::Storage, None),
        ] {
            let accepting = accepting.clone();
            let task = tokio::spawn(accepting.run(listener, kind, acceptor));
            emulator.listeners.push(task);
        }
        Ok(emulator)
    }

    /// The API without TLS: `http://127.0.0.1:<port>`.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The API with TLS: `https://localhost:<port>`.
    pub fn https_url(&self) -> String {
        format!("https://localhost:{}", self.https.port())
    }

    /// The origin of the outputs' signed URLs: `http://127.0.0.1:<port>`.
    ///
    /// It answers 400 to a request that carries an `Authorization` header.
    pub fn storage_url(&self) -> String {
        format!("http://{}", self.storage)
    }

    /// The certificate authority to trust, in DER; made at the start.
    pub fn ca_der(&self) -> &[u8] {
        &self.ca
    }

    /// The certificate authority to trust, in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The edge: statistics and settings.
    pub fn edge(&self) -> EdgeHandle {
        EdgeHandle::new(self.shared.clone())
    }

    /// The tokens of the emulated account.
    pub fn tokens(&self) -> TokenStore {
        TokenStore::new(self.shared.clone())
    }

    /// The faults in force.
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

    /// Accepts nothing more, lets answers under way finish for at most a second, and ends.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for listener in std::mem::take(&mut self.listeners) {
            // It failed only if it panicked, and then it has ended too.
            let _ = listener.await;
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("http", &self.http)
            .field("https", &self.https)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}
