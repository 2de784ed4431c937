//! A server of HTTP/2 that refuses every stream.

use std::future::ready;
use std::io;

use comfycontrol::transport::Transport;
use comfycontrol::{Body, Error, TransportError};
use comfycontrol_test::http2::{Frame, HEADERS, Http2Stream, PREFACE, RST_STREAM, SETTINGS, frame};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower::service_fn;
use tower::util::MapErr;

/// Connections to it, wherever they are asked to go.
pub(crate) fn transport() -> MapErr<Transport<Body>, fn(TransportError) -> Error> {
    let connector = service_fn(|_: Uri| {
        let (ours, theirs) = Http2Stream::pair();
        tokio::spawn(refuse(theirs));
        ready(Ok::<_, io::Error>(TokioIo::new(ours)))
    });
    MapErr::new(Transport::from_tls_connector(connector), Error::from)
}

/// Until the client hangs up.
async fn refuse(mut client: DuplexStream) -> io::Result<()> {
    client.read_exact(&mut [0; PREFACE.len()]).await?;
    client.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let request = Frame::read(&mut client).await?;
        if request.kind == HEADERS {
            let refused = REFUSED_STREAM.to_be_bytes();
            let refused = frame(RST_STREAM, 0, request.stream, &refused);
            client.write_all(&refused).await?;
        }
    }
}

const REFUSED_STREAM: u32 = 7;
