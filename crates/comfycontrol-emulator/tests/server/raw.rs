//! HTTP/1.1 byte by byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Account;

/// All that comes until the connection ends, and the error that ended it.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) bytes: Vec<u8>,
    pub(crate) error: Option<std::io::ErrorKind>,
}

impl Raw {
    /// The head of the response and what came after it.
    pub(crate) fn parts(&self) -> (String, &[u8]) {
        let end = self
            .bytes
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .unwrap()
            + 4;
        let head = String::from_utf8_lossy(&self.bytes[..end]).to_lowercase();
        (head, &self.bytes[end..])
    }
}

/// Sends a GET that leaves the connection open, and reads.
pub(crate) async fn get(account: &Account, path: &str) -> Raw {
    let token = &account.token;
    let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n");
    send(account, head.as_bytes()).await
}

/// Sends these bytes, and reads.
pub(crate) async fn send(account: &Account, bytes: &[u8]) -> Raw {
    let url = account.emulator.http_url();
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut raw = Raw {
        bytes: Vec::new(),
        error: None,
    };
    raw.error = stream
        .read_to_end(&mut raw.bytes)
        .await
        .err()
        .map(|error| error.kind());
    raw
}
