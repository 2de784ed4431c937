//! The relay that stands for a link.

use std::io;
use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep_until;

use super::line::Line;
use crate::clock::now;

/// A running [`Link`](super::Link): carries connections to its server until it is dropped.
///
/// Dropping it ends it at once, connections included.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    relaying: JoinHandle<()>,
}

impl Relay {
    pub(super) fn start(
        listener: TcpListener,
        server: SocketAddr,
        line: impl Fn() -> Line + Send + 'static,
        cuts: Vec<u64>,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let relaying = tokio::spawn(async move {
            let mut open = JoinSet::new();
            let mut cuts = cuts.into_iter();
            while let Ok((client, _)) = listener.accept().await {
                while open.len() >= MAX_CONNECTIONS {
                    open.join_next().await;
                }
                open.spawn(connection(client, server, [line(), line()], cuts.next()));
                while open.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, relaying })
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a server with TLS at the other end: `https://localhost:<port>`.
    pub fn https_url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.relaying.abort();
    }
}

async fn connection(
    client: TcpStream,
    server: SocketAddr,
    [up, down]: [Line; 2],
    cut: Option<u64>,
) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = carry(up, from_client, to_server, None);
    let down = carry(down, from_server, to_client, cut);
    let mut up = std::pin::pin!(up);
    let mut down = std::pin::pin!(down);
    // A client that has said all may still be spoken to; a server that has gone is gone.
    tokio::select! {
        ended = &mut down => return ended,
        ended = &mut up => ended?,
    }
    down.await
}

/// Carries one direction to its end, or so many bytes of it.
async fn carry(
    mut line: Line,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    cut: Option<u64>,
) -> io::Result<()> {
    let mut left = cut.unwrap_or(u64::MAX);
    let mut is_open = true;
    let mut buffer = BytesMut::new();
    loop {
        let due = line.due();
        tokio::select! {
            () = async { sleep_until(due.unwrap_or_else(now)).await }, if due.is_some() => {
                while let Some(mut bytes) = line.take(now()) {
                    if bytes.len() as u64 >= left {
                        bytes.truncate(left as usize);
                        write(&to, &bytes).await?;
                        return Ok(());
                    }
                    left -= bytes.len() as u64;
                    write(&to, &bytes).await?;
                }
            }
            readable = from.readable(), if is_open && line.has_room() => {
                readable?;
                buffer.reserve(READ);
                match from.try_read_buf(&mut buffer) {
                    Ok(0) => is_open = false,
                    Ok(_) => line.put(buffer.split().freeze(), now()),
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Err(e) => return Err(e),
                }
            }
            // What is dropped here tells the other end.
            else => return Ok(()),
        }
    }
}

async fn write(to: &OwnedWriteHalf, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

const MAX_CONNECTIONS: usize = 1_024;
const READ: usize = 128 * 1024;
