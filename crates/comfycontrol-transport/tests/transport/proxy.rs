//! A proxy that keeps what it is asked, and what it carries to the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use comfycontrol_test::socks::{take, text};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::TcpStream;

use crate::server::{Identity, Server};

/// Connects to one server, whatever host it is asked for.
pub(crate) struct Proxy {
    server: Server,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// One connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The head of a CONNECT; for SOCKS user, password, host and port.
    pub(crate) asked: String,
    /// What the client sent through the tunnel.
    pub(crate) carried: Vec<u8>,
}

#[derive(Clone)]
pub(crate) enum Kind {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT in TLS.
    Https(Identity),
    /// Gives this in place of a tunnel.
    Refusing(&'static str),
    /// SOCKS5 with a password (RFC 1928, RFC 1929).
    Socks,
    /// SOCKS5 that knows no password to be right.
    SocksRefusing,
}

impl Proxy {
    pub(crate) async fn start(kind: Kind, port: u16) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let keep = seen.clone();
        let server = Server::start(move |client| {
            let (kind, keep) = (kind.clone(), keep.clone());
            async move {
                match kind {
                    Kind::Https(identity) => {
                        if let Some(client) = identity.accept(client).await {
                            serve(client, Kind::Http, port, keep).await;
                        }
                    }
                    kind => serve(client, kind, port, keep).await,
                }
            }
        });
        Self {
            server: server.await,
            seen,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    pub(crate) fn connections(&self) -> usize {
        self.server.connections()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve<S>(mut client: S, kind: Kind, port: u16, seen: Arc<Mutex<Vec<Seen>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (asked, granted) = match kind {
        Kind::Http | Kind::Https(_) => connect(&mut client, "HTTP/1.1 200 OK\r\n\r\n").await,
        Kind::Refusing(response) => (connect(&mut client, response).await.0, false),
        Kind::Socks => socks(&mut client, true).await,
        Kind::SocksRefusing => socks(&mut client, false).await,
    };
    let n = {
        let mut seen = seen.lock().unwrap();
        seen.push(Seen {
            asked,
            carried: Vec::new(),
        });
        seen.len() - 1
    };
    if !granted {
        return;
    }
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let (mut from_server, mut to_server) = server.await.unwrap().into_split();
    let (mut from_client, mut to_client) = split(client);
    let there = async {
        let mut bytes = [0; 4_096];
        while let Ok(count @ 1..) = from_client.read(&mut bytes).await {
            seen.lock().unwrap()[n].carried.extend(&bytes[..count]);
            if to_server.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
    };
    let back = copy(&mut from_server, &mut to_client);
    tokio::select! {
        () = there => {}
        _ = back => {}
    }
}

async fn connect(client: &mut (impl AsyncRead + AsyncWrite + Unpin), with: &str) -> (String, bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    client.write_all(with.as_bytes()).await.unwrap();
    client.flush().await.unwrap();
    (String::from_utf8(head).unwrap(), true)
}

async fn socks(client: &mut (impl AsyncRead + AsyncWrite + Unpin), known: bool) -> (String, bool) {
    let methods = take(client, 2).await[1];
    let methods = take(client, methods).await;
    let with_password = methods.contains(&2);
    client
        .write_all(&[5, if with_password { 2 } else { 0 }])
        .await
        .unwrap();
    let mut asked = String::new();
    if with_password {
        let n = take(client, 2).await[1];
        asked += &text(client, n).await;
        let n = take(client, 1).await[0];
        asked += &format!(" {} ", text(client, n).await);
        client.write_all(&[1, u8::from(!known)]).await.unwrap();
        if !known {
            return (asked, false);
        }
    }
    // Version, command, reserved, and a name of so many bytes.
    let head = take(client, 5).await;
    assert_eq!(head[..4], [5, 1, 0, 3], "the name is left to the proxy");
    let host = text(client, head[4]).await;
    let port = client.read_u16().await.unwrap();
    let granted = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    client.write_all(&granted).await.unwrap();
    (asked + &format!("{host}:{port}"), true)
}
