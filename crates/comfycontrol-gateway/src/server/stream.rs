use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::connection::{Bounds, Connection};
use super::under_way::UnderWay;
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
    pub(super) async fn serve(self, gateway: Gateway, bounds: Bounds, under_way: UnderWay) {
        let served = Connection {
            peer: self.peer,
            gateway,
            bounds,
            under_way,
        };
        match self.stream {
            Stream::Tcp(stream) => served.serve(stream).await,
            #[cfg(feature = "tls")]
            Stream::Tls(stream, acceptor) => {
                let greeted =
                    tokio::time::timeout(served.bounds.head, acceptor.accept(stream)).await;
                match greeted {
                    Ok(Ok(stream)) => served.serve(stream).await,
                    Ok(Err(error)) => tracing::debug!(%error, peer = %served.peer, "no TLS"),
                    Err(_) => tracing::debug!(peer = %served.peer, "no TLS in time"),
                }
            }
            #[cfg(unix)]
            Stream::Unix(stream) => served.serve(stream).await,
        }
    }
}
