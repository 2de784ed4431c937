//! An HTTP/2 server that says frame by frame what it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use comfycontrol_test::http2::{
    ACK, CONTINUATION, END_HEADERS, Frame, HEADERS, PREFACE, SETTINGS, frame,
};
use comfycontrol_transport::{Transport, TransportBuilder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::server::{Identity, Server};
use crate::support::Body;

/// The head of a response, in as many frames as it takes.
pub(crate) fn head(stream: u32, status: u16, fields: &[(&str, &str)]) -> Vec<u8> {
    let status = status.to_string();
    let mut block = Vec::new();
    for (name, value) in [(":status", &*status)].iter().chain(fields) {
        // A literal that is not to be remembered (RFC 7541 §6.2.2).
        block.push(0);
        for text in [name, value] {
            length(&mut block, text.len());
            block.extend(text.as_bytes());
        }
    }
    let mut frames = Vec::new();
    let pieces: Vec<_> = block.chunks(16_384).collect();
    for (n, piece) in pieces.iter().enumerate() {
        let kind = if n == 0 { HEADERS } else { CONTINUATION };
        let is_last = n + 1 == pieces.len();
        let flags = if is_last { END_HEADERS } else { 0 };
        frames.extend(frame(kind, flags, stream, piece));
    }
    frames
}

/// An integer of seven bits or more (RFC 7541 §5.1).
fn length(block: &mut Vec<u8>, length: usize) {
    let Some(mut rest) = length.checked_sub(127) else {
        return block.push(length as u8);
    };
    block.push(127);
    while rest > 127 {
        block.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    block.push(rest as u8);
}

/// A server that sends these frames once a request has come, and a transport that trusts it.
pub(crate) async fn saying(frames: Vec<u8>) -> (Server, Transport<Body>) {
    responding(move |request| match request.nth {
        0 => frames.clone(),
        _ => Vec::new(),
    })
    .await
}

/// A request that has come.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// Of all connections.
    pub(crate) connection: usize,
    /// Of its connection.
    pub(crate) nth: usize,
    pub(crate) stream: u32,
}

/// A server that sends what it is told to for each request, and a transport that trusts it.
pub(crate) async fn responding(
    respond: impl Fn(Asked) -> Vec<u8> + Clone + Send + Sync + 'static,
) -> (Server, Transport<Body>) {
    let identity = Identity::new("localhost", &["h2"]);
    let transport = TransportBuilder::new()
        .root_certificate(identity.certificate())
        .no_proxy()
        .build()
        .unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |client| {
        let (identity, respond) = (identity.clone(), respond.clone());
        let connection = count.fetch_add(1, Ordering::SeqCst);
        async move {
            if let Some(client) = identity.accept(client).await {
                // One that has gone has heard enough.
                let _ = serve(client, connection, respond).await;
            }
        }
    });
    (server.await, transport)
}

async fn serve(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    respond: impl Fn(Asked) -> Vec<u8>,
) -> std::io::Result<()> {
    client.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    client.read_exact(&mut [0; PREFACE.len()]).await?;
    let mut nth = 0;
    loop {
        let came = Frame::read(&mut client).await?;
        if came.kind == SETTINGS && came.flags == 0 {
            client.write_all(&frame(SETTINGS, ACK, 0, &[])).await?;
        }
        if came.kind == HEADERS {
            let request = Asked {
                connection,
                nth,
                stream: came.stream,
            };
            nth += 1;
            client.write_all(&respond(request)).await?;
        }
        client.flush().await?;
    }
}
