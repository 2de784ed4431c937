use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
#[cfg(feature = "tls")]
use tokio::time::sleep;

#[cfg(feature = "tls")]
use super::connection::FAREWELL;
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
                let greeted = tokio::select! {
                    biased;
                    greeted = acceptor.accept(stream) => Some(greeted),
                    () = greeting_over(&served) => None,
                };
                match greeted {
                    Some(Ok(stream)) => served.serve(stream).await,
                    Some(Err(error)) => tracing::debug!(%error, peer = %served.peer, "no TLS"),
                    None => tracing::debug!(peer = %served.peer, "no TLS in time"),
                }
            }
            #[cfg(unix)]
            Stream::Unix(stream) => served.serve(stream).await,
        }
    }
}

/// Ends when a connection has had its time to speak TLS, which is short while the gateway stops.
#[cfg(feature = "tls")]
async fn greeting_over(connection: &Connection) {
    let stop = async {
        connection.gateway.stopping().await;
        sleep(FAREWELL).await;
    };
    tokio::select! {
        () = stop => {}
        () = sleep(connection.bounds.head) => {}
    }
}
