//! What is measured against: a server with TLS, and links to it.

use std::convert::Infallible;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_emulator::{Link, Relay};
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// As a server elsewhere has: links that carry 300 MiB a second.
const BANDWIDTH: u64 = 300 << 20;

pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let _links = start().await;
        // Until its starter has gone.
        let gone = || std::io::stdin().read_to_end(&mut Vec::new());
        let _ = tokio::task::spawn_blocking(gone).await;
    });
}

async fn start() -> Vec<Relay> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
    let file = std::env::temp_dir().join(format!("comfycontrol-bench-{}.pem", std::process::id()));
    std::fs::write(&file, made.cert.pem()).expect("a file");
    let tls = |protocols: &[&str]| {
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("a certificate");
        config.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
        Some(TlsAcceptor::from(Arc::new(config)))
    };
    let count = Arc::new(AtomicUsize::new(0));
    let h2 = listen(tls(&["h2"]), &count).await;
    let h1 = listen(tls(&["http/1.1"]), &count).await;
    let plain = listen(None, &Arc::default()).await;
    let asked = listen_for_count(count).await;
    let mut links = Vec::new();
    for round_trip in [100, 20] {
        for server in [h2, h1] {
            let link = Link::new(Duration::from_millis(round_trip)).bandwidth(BANDWIDTH);
            links.push(link.to(server).await.expect("a link"));
        }
    }
    let ports: Vec<_> = [h2, h1, plain, asked]
        .iter()
        .map(SocketAddr::port)
        .chain(links.iter().map(|link| link.address().port()))
        .map(|port| port.to_string())
        .collect();
    println!("{} {}", ports.join(" "), file.display());
    links
}

async fn listen(tls: Option<TlsAcceptor>, count: &Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    let count = Arc::clone(count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.set_nodelay(true);
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => connection(stream).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(stream).await;
                        }
                    }
                }
            });
        }
    });
    address
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http2()
        .max_concurrent_streams(250)
        .initial_stream_window_size(16 << 20)
        .initial_connection_window_size(32 << 20);
    let service = service_fn(respond);
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// `/1000` is a thousand bytes.
async fn respond(
    mut req: Request<Incoming>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    if req.method() == Method::POST {
        while let Some(Ok(_)) = req.body_mut().frame().await {}
    }
    let length: usize = req.uri().path()[1..].parse().unwrap_or(0);
    let pieces = stream::unfold(length, |left| async move {
        let piece = left.min(PIECE.len());
        let frame = Frame::data(Bytes::from_static(&PIECE[..piece]));
        (piece > 0).then(|| (Ok(frame), left - piece))
    });
    let response = Response::builder().header("content-length", length);
    Ok(response
        .body(BodyExt::boxed(StreamBody::new(pieces)))
        .expect("a response"))
}

/// Tells each connection how many the others were since the last one, and ends it.
async fn listen_for_count(count: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let made = count.swap(0, Ordering::Relaxed).to_string();
            let _ = stream.writable().await;
            let _ = stream.try_write(made.as_bytes());
        }
    });
    address
}

static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
