use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::{fmt, io};

use tokio::net::{TcpListener, TcpSocket};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixSocket};

use super::stream::{Accepted, Stream};
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::Gateway;
use crate::caller::Peer;

/// An address or a Unix socket at which a gateway takes calls.
#[derive(Clone, Debug)]
#[must_use]
pub struct Listener {
    place: Place,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

#[derive(Clone, Debug)]
enum Place {
    Tcp(SocketAddr),
    #[cfg(unix)]
    Unix(PathBuf),
}

impl Listener {
    /// Listens at this address by TCP. Port 0 takes one that is free.
    pub fn tcp(address: SocketAddr) -> Self {
        Self::at(Place::Tcp(address))
    }

    /// Listens at a Unix socket of this path, which only the user of this process may reach. A dead
    /// socket that was left there is replaced.
    #[cfg(unix)]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Unix(path.into()))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Speaks TLS to those who come by TCP.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    fn has_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// Begins to listen for `gateway`. An address that other machines can reach is taken only if
    /// that one [wants keys](Gateway::wants_keys) and TLS is spoken: who gets through spends
    /// its quota with its token.
    ///
    /// # Errors
    ///
    /// [`ListenError`] if it is so open, or the system refuses.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled.
    pub fn bind(self, gateway: &Gateway) -> Result<Bound, ListenError> {
        let sealed = self.has_tls() && gateway.wants_keys();
        let (socket, place) = match self.place {
            Place::Tcp(address) if !address.ip().is_loopback() && !sealed => {
                return Err(ListenError::Open(address));
            }
            Place::Tcp(address) => {
                let refused = |error| refused(&address.to_string(), &error);
                let listener = tcp(address).map_err(refused)?;
                let place = listener.local_addr().map_err(refused)?;
                (Socket::Tcp(listener), place.to_string())
            }
            #[cfg(unix)]
            Place::Unix(path) => {
                let place = path.display().to_string();
                let listener = unix(&path).map_err(|error| refused(&place, &error))?;
                (Socket::Unix(listener, path), place)
            }
        };
        Ok(Bound {
            socket,
            place,
            #[cfg(feature = "tls")]
            tls: self.tls,
        })
    }
}

/// A [`Listener`] that is bound: a socket on which calls come in.
///
/// When it is dropped, a Unix socket's path goes.
#[derive(Debug)]
pub struct Bound {
    socket: Socket,
    place: String,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, PathBuf),
}

impl Bound {
    /// The address with its port, or the path of the Unix socket.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                #[cfg(feature = "tls")]
                let stream = match &self.tls {
                    Some(tls) => Stream::Tls(stream, tls.acceptor()),
                    None => Stream::Tcp(stream),
                };
                #[cfg(not(feature = "tls"))]
                let stream = Stream::Tcp(stream);
                Ok(Accepted {
                    peer: Peer::Address(address.ip()),
                    stream,
                })
            }
            #[cfg(unix)]
            Socket::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let peer = Peer::User(stream.peer_cred()?.uid());
                Ok(Accepted {
                    peer,
                    stream: Stream::Unix(stream),
                })
            }
        }
    }
}

#[cfg(unix)]
impl Drop for Bound {
    fn drop(&mut self) {
        if let Socket::Unix(_, path) = &self.socket {
            _ = std::fs::remove_file(path);
        }
    }
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Connections inherit it. A caller that stalls has so much read ahead for it, and no more.
    socket.set_send_buffer_size(256 * 1024)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(unix)]
fn unix(path: &std::path::Path) -> io::Result<UnixListener> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::os::unix::net::UnixStream;

    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        fs::remove_file(path)?;
    }
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    // Before anybody can connect.
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)
}

const BACKLOG: u32 = 1_024;

/// Says where.
fn refused(place: &str, error: &io::Error) -> ListenError {
    ListenError::System(io::Error::new(error.kind(), format!("{place}: {error}")))
}

/// Error of [`Listener::bind`]: it would be open to other machines unprotected, or the system
/// refuses.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenError {
    /// Other machines can reach this address, and there are no callers' keys or no TLS.
    Open(SocketAddr),
    /// The system refuses.
    System(io::Error),
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(address) => write!(
                f,
                "other machines can reach {address}: that wants callers' keys and TLS"
            ),
            Self::System(error) => write!(f, "cannot listen: {error}"),
        }
    }
}

impl Error for ListenError {}
