//! What is connected to: a server, with its key.

use tokio::net::TcpStream;

use crate::address::{Address, Place};
use crate::error::RedisError;
#[cfg(feature = "tls")]
use crate::tls::Tls;

/// A server and a key there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: Address,
    pub(crate) key: String,
    #[cfg(feature = "tls")]
    pub(crate) tls: Tls,
}

/// Bytes to and from a server.
pub(crate) trait Stream:
    tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin
{
}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

impl Target {
    /// The channel that a member is subscribed to, in the same slot of a cluster as the key.
    pub(crate) fn channel(&self, member: comfycontrol_rate_limit::Member) -> String {
        let member = member.to_u128();
        match self.key.contains('{') {
            true => format!("{}:{member:032x}", self.key),
            false => format!("{{{}}}:{member:032x}", self.key),
        }
    }

    /// Opens a connection at `address`, which is that of the target or of another node of its
    /// cluster.
    pub(crate) async fn stream(&self, address: &Address) -> Result<Box<dyn Stream>, RedisError> {
        let (host, port) = match &address.place {
            Place::Host(host, port) => (host, *port),
            #[cfg(unix)]
            Place::Socket(path) => {
                return Ok(Box::new(tokio::net::UnixStream::connect(path).await?));
            }
            #[cfg(not(unix))]
            Place::Socket(_) => {
                return Err(std::io::Error::from(std::io::ErrorKind::Unsupported).into());
            }
        };
        let stream = TcpStream::connect((&**host, port)).await?;
        stream.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if address.tls {
            return Ok(Box::new(self.tls.connect(host, stream).await?));
        }
        Ok(Box::new(stream))
    }
}
