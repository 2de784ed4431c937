//! The sockets, and the tasks that accept on them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::accept::Accept;
use super::bounds::Bounds;
use super::tls::Tls;
use crate::Listener;
use crate::shared::Shared;

/// Sockets that are bound, before anything is accepted.
pub(crate) struct Bound {
    http: TcpListener,
    https: TcpListener,
    storage: TcpListener,
    storage_tls: bool,
    tls: Tls,
}

/// Listens at this port; an error says where.
async fn listen(port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await;
    listener.map_err(|e| io::Error::new(e.kind(), format!("{address}: {e}")))
}

/// A running server. Dropping it ends it at once, connections included.
pub(crate) struct Loopback {
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) storage_url: String,
    pub(crate) ca: Vec<u8>,
    pub(crate) ca_pem: String,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Bound {
    /// Binds the ports of the API without and with TLS and of the storage, with TLS or not.
    pub(crate) async fn bind(
        [http, https, storage]: [u16; 3],
        storage_tls: bool,
    ) -> io::Result<Self> {
        Ok(Self {
            tls: Tls::make()?,
            http: listen(http).await?,
            https: listen(https).await?,
            storage: listen(storage).await?,
            storage_tls,
        })
    }

    pub(crate) fn storage_url(&self) -> io::Result<String> {
        let storage = self.storage.local_addr()?;
        Ok(if self.storage_tls {
            format!("https://localhost:{}", storage.port())
        } else {
            format!("http://{storage}")
        })
    }

    /// Begins to accept, within these bounds.
    pub(crate) fn start(self, shared: Arc<Shared>, bounds: Bounds) -> io::Result<Loopback> {
        let storage_url = self.storage_url()?;
        let Self {
            http,
            https,
            storage,
            storage_tls,
            tls,
        } = self;
        let (stop, stopped) = watch::channel(false);
        let mut loopback = Loopback {
            http: http.local_addr()?,
            https: https.local_addr()?,
            storage_url,
            ca: tls.ca.to_vec(),
            ca_pem: tls.ca_pem,
            stop,
            tasks: Vec::new(),
        };
        let accept = Accept::new(shared, stopped, bounds);
        for (socket, listener, acceptor) in [
            (http, Listener::Http, None),
            (https, Listener::Https, Some(tls.acceptor.clone())),
            (
                storage,
                Listener::Storage,
                storage_tls.then_some(tls.acceptor),
            ),
        ] {
            let task = tokio::spawn(accept.clone().run(socket, listener, acceptor));
            loopback.tasks.push(task);
        }
        Ok(loopback)
    }
}

impl Loopback {
    /// Accepts nothing more and lets responses under way finish for a while.
    pub(crate) async fn shutdown(mut self) {
        self.stop.send_replace(true);
        for task in std::mem::take(&mut self.tasks) {
            // It failed only if it panicked, and then it has ended too.
            let _ = task.await;
        }
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
