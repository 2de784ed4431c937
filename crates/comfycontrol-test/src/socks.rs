//! What a SOCKS proxy reads (RFC 1928).

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads so many bytes.
pub async fn take(client: &mut (impl AsyncRead + Unpin), n: u8) -> Vec<u8> {
    let mut bytes = vec![0; n.into()];
    client.read_exact(&mut bytes).await.expect("more bytes");
    bytes
}

/// Reads a text of so many bytes.
pub async fn text(client: &mut (impl AsyncRead + Unpin), n: u8) -> String {
    String::from_utf8(take(client, n).await).expect("a text")
}
