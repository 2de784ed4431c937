//! Connectors of a user's own: what an `https` request looks like on the way through them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use comfycontrol_test::{Unserved, now};
use comfycontrol_transport::{Transport, TransportBuilder, TransportErrorKind};
use http::{Request, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tower::service_fn;

use crate::proxy::{Kind, Proxy};
use crate::server::{Identity, Server};
use crate::support::{Body, builder, edge, get, post, send};

#[tokio::test]
async fn a_token_is_never_in_clear_text_though_the_connector_returns_plain_tcp() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = heard.clone();
    let server = Server::start(move |mut client| {
        let keep = keep.clone();
        async move {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = client.read(&mut bytes).await {
                keep.lock().unwrap().extend(&bytes[..count]);
            }
        }
    })
    .await;
    let identity = Identity::new("api.example", &[]);
    let transport = TransportBuilder::new()
        .root_certificate(identity.certificate())
        .connect_timeout(Duration::from_millis(200))
        .build_over(to(server.address()))
        .unwrap();
    let mut request = post("https://api.example/x");
    let token = "Bearer cfc_secret0123".parse().unwrap();
    request.headers_mut().insert("authorization", token);
    let error = send(&transport, request).await.unwrap_err();

    assert_eq!(error.kind(), TransportErrorKind::ConnectTimedOut);
    assert!(error.is_unprocessed());
    let heard = heard.lock().unwrap().clone();
    // The first record of a TLS handshake, and nothing after it.
    assert_eq!(heard[..2], [22, 3]);
    let heard = String::from_utf8_lossy(&heard);
    assert!(!heard.contains("secret0123") && !heard.contains("payload"));
}

#[tokio::test]
async fn a_tunnel_carries_tls_and_http_2_to_the_host_of_the_url() {
    let emulator = edge().await;
    let port = emulator.https_url().rsplit_once(':').unwrap().1.to_owned();
    let proxy = Proxy::start(Kind::Socks, port.parse().unwrap()).await;
    let tunnel = hyper_util::client::legacy::connect::proxy::SocksV5::new(
        Uri::try_from(format!("http://{}", proxy.address())).unwrap(),
        hyper_util::client::legacy::connect::HttpConnector::new(),
    );
    let transport = builder(&emulator).build_over(tunnel).unwrap();
    let request = Request::get(emulator.https_url())
        .header("x-secret", "cfc_secret0123")
        .body(Body::default())
        .unwrap();
    let response = send(&transport, request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (200, Version::HTTP_2)
    );
    let seen = emulator.captured_requests();
    assert_eq!(seen[0].headers()["x-secret"], "cfc_secret0123");
    assert_eq!(seen[0].server_name(), Some("localhost"));
    let carried = String::from_utf8_lossy(&proxy.seen()[0].carried).into_owned();
    assert!(!carried.contains("secret0123"), "{carried}");
}

#[tokio::test]
async fn the_server_at_the_end_of_a_tunnel_must_be_the_host_of_the_url() {
    let emulator = edge().await;
    let address = address(&emulator.https_url());
    let transport = builder(&emulator).build_over(to(address)).unwrap();
    let error = send(&transport, post("https://api.example/")).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
    assert!(error.is_unprocessed());
    assert!(emulator.captured_requests().is_empty());
}

#[tokio::test]
async fn a_connector_decides_where_plain_http_leads() {
    let emulator = edge().await;
    let address = address(&emulator.http_url());
    let transport = builder(&emulator).build_over(to(address)).unwrap();
    let response = send(&transport, get("http://anywhere.example/x")).await;
    let response = response.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (200, Version::HTTP_11)
    );
    let seen = emulator.captured_requests();
    assert_eq!(seen[0].headers()["host"], "anywhere.example");
}

#[tokio::test(start_paused = true)]
async fn the_connect_timeout_covers_the_connector_and_the_handshake() {
    let emulator = edge().await;
    let transport = builder(&emulator).connect_timeout(Duration::from_secs(3));
    let began = now();
    let error = send(
        &transport.build_over(service_fn(never)).unwrap(),
        post("https://a.example/"),
    )
    .await;
    assert_eq!(
        error.unwrap_err().kind(),
        TransportErrorKind::ConnectTimedOut
    );
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn without_settings_a_connector_has_ten_seconds() {
    let transport = Transport::from_connector(service_fn(never)).unwrap();
    let began = now();
    let error = send(&transport, post("https://a.example/")).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::ConnectTimedOut);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
}

#[tokio::test]
async fn without_settings_a_connector_is_trusted_with_the_way_and_not_with_the_host() {
    let emulator = edge().await;
    let transport = Transport::from_connector(to(address(&emulator.http_url()))).unwrap();
    let response = send(&transport, get("http://anywhere.example/x")).await;
    assert_eq!(response.unwrap().status(), 200);
    // The system knows nothing of the emulator's authority.
    let transport = Transport::from_connector(to(address(&emulator.https_url()))).unwrap();
    let error = send(&transport, post(emulator.https_url())).await;
    assert_eq!(error.unwrap_err().kind(), TransportErrorKind::Tls);
    assert_eq!(emulator.captured_requests().len(), 1);
}

#[tokio::test]
async fn a_connector_that_fails_has_sent_nothing() {
    let unserved = Unserved::new();
    let emulator = edge().await;
    let transport = builder(&emulator)
        .build_over(to(unserved.address()))
        .unwrap();
    for url in ["http://anywhere.example/x", "https://anywhere.example/x"] {
        let error = send(&transport, post(url)).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::ConnectionRefused);
        assert!(error.is_unprocessed());
    }
}

#[tokio::test]
async fn a_connector_that_speaks_tls_itself_is_taken_at_its_word() {
    let emulator = edge().await;
    // It speaks none, so that what is handed to it can be seen.
    let connector = service_fn({
        let address = address(&emulator.http_url());
        move |_: Uri| Box::pin(async move { TcpStream::connect(address).await.map(TokioIo::new) })
    });
    let transport = Transport::from_tls_connector(connector);
    let response = send(&transport, get("https://anywhere.example/x")).await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(emulator.captured_requests().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_would_not_be_used_is_an_error() {
    let emulator = edge().await;
    let settings = builder(&emulator).proxy("http://proxy.example:1");
    let refused = settings
        .build_over::<_, Body>(to(address(&emulator.https_url())))
        .unwrap_err();
    assert_eq!(refused.setting(), "proxy");
    assert!(refused.to_string().contains("connector of your own"));
}

// === support ===

/// Connects to one address, whatever it is asked for, and speaks no TLS.
fn to(
    address: SocketAddr,
) -> impl tower::Service<
    Uri,
    Response = TokioIo<TcpStream>,
    Error = std::io::Error,
    Future: Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |_: Uri| async move { TcpStream::connect(address).await.map(TokioIo::new) })
}

fn address(url: &str) -> SocketAddr {
    let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Never connects.
async fn never(_: Uri) -> std::io::Result<TokioIo<TcpStream>> {
    std::future::pending().await
}
