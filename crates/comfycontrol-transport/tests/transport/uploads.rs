//! An upload whose response is over before it has been written.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_test::SECOND;
use comfycontrol_transport::{Transport, TransportBuilder};
use http::{Request, Uri};
use http_body_util::BodyExt;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tower::service_fn;

use crate::support::{Body, get, send};

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_an_upload_does_not_keep_its_connection_for_ever() {
    for vectored in [false, true] {
        let (transport, mut connections) = over_pipes(vectored);
        let server = tokio::spawn(async move {
            let mut client = connections.recv().await.unwrap();
            head(&mut client).await;
            respond(&mut client).await;
            // Neither reads on nor closes, until the client has another connection.
            let mut other = connections.recv().await.unwrap();
            head(&mut other).await;
            respond(&mut other).await;
            drop(client);
        });
        let response = send(&transport, upload()).await.unwrap();
        response.into_body().collect().await.unwrap();
        let next = send(&transport, get("http://anywhere.example/")).await;
        assert_eq!(next.unwrap().status(), 413);
        server.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_reads_on_gets_all_of_it_and_the_next_request() {
    for vectored in [false, true] {
        let (transport, mut connections) = over_pipes(vectored);
        let server = tokio::spawn(async move {
            let mut client = connections.recv().await.unwrap();
            head(&mut client).await;
            respond(&mut client).await;
            let mut left = LENGTH;
            let mut buffer = vec![0; 64 * 1024];
            while left > 0 {
                tokio::time::sleep(SECOND / 10).await;
                let most = buffer.len().min(left);
                left -= client.read(&mut buffer[..most]).await.unwrap();
            }
            head(&mut client).await;
            respond(&mut client).await;
        });
        let response = send(&transport, upload()).await.unwrap();
        response.into_body().collect().await.unwrap();
        let next = send(&transport, get("http://anywhere.example/")).await;
        assert_eq!(next.unwrap().status(), 413);
        server.await.unwrap();
    }
}

// === support ===

const LENGTH: usize = 8 << 20;

fn upload() -> Request<Body> {
    let body = Body::new(Bytes::from(vec![0; LENGTH]));
    Request::post("http://anywhere.example/")
        .body(body)
        .unwrap()
}

/// A transport that may have one connection, and the servers' ends of those that it makes.
fn over_pipes(
    vectored: bool,
) -> (
    Transport<Body>,
    tokio::sync::mpsc::UnboundedReceiver<DuplexStream>,
) {
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let tell = Arc::new(Mutex::new(tell));
    let connector = service_fn(move |_: Uri| {
        let tell = Arc::clone(&tell);
        async move {
            let (ours, theirs) = duplex(64 * 1024);
            let _ = tell.lock().unwrap().send(theirs);
            Ok::<_, io::Error>(Pipe(TokioIo::new(ours), vectored))
        }
    });
    let identity = crate::server::Identity::new("localhost", &[]);
    let transport = TransportBuilder::new()
        .root_certificate(identity.certificate())
        .no_proxy()
        .max_connections(1)
        .build_over(connector)
        .unwrap();
    (transport, told)
}

async fn head(client: &mut DuplexStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
}

async fn respond(client: &mut DuplexStream) {
    let response = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nabc";
    client.write_all(response).await.unwrap();
}

/// A connection in memory, and whether it takes several pieces at once.
struct Pipe(TokioIo<DuplexStream>, bool);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Pipe {
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

    fn is_write_vectored(&self) -> bool {
        self.1
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        Pin::new(&mut self.0).poll_write(cx, first.map_or(&[], |buf| buf))
    }
}
