//! An HTTP/2 server that says frame by frame what it is told to.

use comfycontrol_transport::{Transport, TransportBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Identity, Server};
use crate::support::Body;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GO_AWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A frame (RFC 9113 §4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

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
    let identity = Identity::new("localhost", &["h2"]);
    let transport = TransportBuilder::new()
        .root_certificate(identity.certificate())
        .no_proxy()
        .build()
        .unwrap();
    let server = Server::start(move |client| {
        let (identity, frames) = (identity.clone(), frames.clone());
        async move {
            let Some(mut client) = identity.accept(client).await else {
                return;
            };
            client.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
            let mut preface = [0; 24];
            client.read_exact(&mut preface).await.unwrap();
            loop {
                let mut head = [0; 9];
                client.read_exact(&mut head).await.unwrap();
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; length as usize];
                client.read_exact(&mut payload).await.unwrap();
                if head[3] == HEADERS {
                    break;
                }
                if head[3] == SETTINGS && head[4] == 0 {
                    client.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap();
                }
            }
            // One that has gone has heard enough.
            let _ = client.write_all(&frames).await;
            let _ = client.flush().await;
            // Until the client has gone.
            while client.read(&mut [0; 4_096]).await.is_ok_and(|n| n > 0) {}
        }
    });
    (server.await, transport)
}
