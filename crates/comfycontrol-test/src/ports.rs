use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::TcpSocket;

/// An address on loopback that refuses each connection for as long as this is held.
///
/// The port of a listener that was dropped is given to the next one who asks for a port: a server
/// of another test.
#[derive(Debug)]
pub struct Unserved {
    /// It is bound, and never listens.
    socket: TcpSocket,
}

impl Unserved {
    /// Takes a port on which no server will listen.
    #[expect(clippy::new_without_default, reason = "it takes a port")]
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(any).expect("a free port");
        Self { socket }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("an address")
    }

    /// The address as a URL over plain HTTP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// A free port for a server that is started by its number, and again on the same one.
///
/// It lies below the ports that the system gives where any will do: no other program gets it
/// between here and the start, nor while the server is away.
pub fn port() -> u16 {
    let numbers = RandomState::new();
    (0..100_u64)
        .map(|n| 10_000 + u16::try_from(numbers.hash_one(n) % 20_000).expect("a small one"))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("a free port")
}
