//! A server of HTTP/2 that refuses every stream.

use std::future::ready;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use comfycontrol::transport::Transport;
use comfycontrol::{Body, Error, TransportError};
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tower::service_fn;
use tower::util::MapErr;

/// Connections to it, wherever they are asked to go.
pub(crate) fn transport() -> MapErr<Transport<Body>, fn(TransportError) -> Error> {
    let connector = service_fn(|_: Uri| {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(refuse(theirs));
        ready(Ok::<_, io::Error>(TokioIo::new(H2(ours))))
    });
    MapErr::new(Transport::from_tls_connector(connector), Error::from)
}

/// Until the client hangs up.
async fn refuse(mut client: DuplexStream) -> io::Result<()> {
    client.read_exact(&mut [0; 24]).await?;
    client.write_all(&frame(SETTINGS, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        client.read_exact(&mut head).await?;
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        client.read_exact(&mut vec![0; len as usize]).await?;
        if head[3] == HEADERS {
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let refused = frame(RST_STREAM, stream, &REFUSED_STREAM.to_be_bytes());
            client.write_all(&refused).await?;
        }
    }
}

/// A frame (RFC 9113 §4.1).
fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, 0]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const REFUSED_STREAM: u32 = 7;

struct H2(DuplexStream);

impl Connection for H2 {
    fn connected(&self) -> Connected {
        Connected::new().negotiated_h2()
    }
}

impl AsyncRead for H2 {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for H2 {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
