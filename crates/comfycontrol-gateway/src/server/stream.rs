use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::connection::{self, Bounds};
use crate::Gateway;
use crate::caller::Peer;

/// A connection, before it has said anything.
pub(super) struct Accepted {
    pub(super) peer: Peer,
    pub(super) stream: Stream,
}

pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(feature = "tls")]
    Tls(TcpStream, tokio_rustls::TlsAcceptor),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Accepted {
    pub(super) async fn serve(self, gateway: Gateway, bounds: Bounds) {
        let peer = self.peer;
        match self.stream {
            Stream::Tcp(stream) => connection::serve(stream, peer, gateway, bounds).await,
            #[cfg(feature = "tls")]
            Stream::Tls(stream, acceptor) => {
                let greeted = tokio::time::timeout(bounds.head, acceptor.accept(stream)).await;
                match greeted {
                    Ok(Ok(stream)) => connection::serve(stream, peer, gateway, bounds).await,
                    Ok(Err(error)) => tracing::debug!(%error, %peer, "no TLS"),
                    Err(_) => tracing::debug!(%peer, "no TLS in time"),
                }
            }
            #[cfg(unix)]
            Stream::Unix(stream) => connection::serve(stream, peer, gateway, bounds).await,
        }
    }
}
