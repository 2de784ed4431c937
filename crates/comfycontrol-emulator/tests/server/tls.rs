//! TLS, its certificates, and the version of HTTP that is agreed on.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use comfycontrol_emulator::{Emulator, Listener};
use http::{Request, Version};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::client::{Account, BoxError, bare};

#[tokio::test]
async fn http_2_is_agreed_on_by_alpn_and_the_head_is_captured() {
    let account = Account::open().await;
    let stream = connect(&account.emulator, "localhost", &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("{}/v1/user", account.emulator.https_url()))
        .header("authorization", format!("Bearer {}", account.token))
        .body(Full::<Bytes>::default())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["server"], "cloudflare");

    let seen = account.emulator.captured_requests();
    let [seen] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(seen.listener(), Listener::Https);
    assert_eq!(seen.version(), Version::HTTP_2);
    assert_eq!(seen.alpn(), Some("h2"));
    assert_eq!(seen.server_name(), Some("localhost"));
    assert_eq!(seen.peer().ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let host = account.emulator.https_url();
    assert_eq!(seen.uri().to_string(), format!("{host}/v1/user"));
    assert_eq!(
        seen.headers()["authorization"],
        format!("Bearer {}", account.token)
    );
}

#[tokio::test]
async fn the_certificate_is_good_for_the_loopback_addresses() {
    let emulator = Emulator::builder().start().await.unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        connect(&emulator, name, &["http/1.1"]).await.unwrap();
    }
    assert!(connect(&emulator, "example.com", &[]).await.is_err());
    let other = Emulator::builder().start().await.unwrap();
    let stranger = connector(other.ca_der(), &[]);
    assert!(handshake(&emulator, "localhost", stranger).await.is_err());
}

#[tokio::test]
async fn without_alpn_tls_speaks_http_1() {
    let account = Account::open().await;
    let stream = connect(&account.emulator, "localhost", &[]).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/v1/user").header("host", "localhost");
    let response = sender
        .send_request(request.body(Full::<Bytes>::default()).unwrap())
        .await;
    assert_eq!(response.unwrap().status(), 401);
    assert_eq!(
        account.emulator.captured_requests()[0].version(),
        Version::HTTP_11
    );
    assert_eq!(account.emulator.captured_requests()[0].alpn(), None);
}

#[tokio::test]
async fn without_tls_http_2_is_spoken_by_prior_knowledge() {
    let account = Account::open().await;
    let url = account.emulator.http_url();
    let address = url.strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let response = sender
        .send_request(bare(format!("{url}/v1/user")))
        .await
        .unwrap();
    assert_eq!(response.status(), 401);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(
        body,
        r#"{"status":401,"message":"Missing authorization header"}"#
    );
}

#[tokio::test]
async fn the_pem_and_the_der_are_the_same_authority() {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    let emulator = Emulator::builder().start().await.unwrap();
    let pem = CertificateDer::from_pem_slice(emulator.ca_pem().as_bytes()).unwrap();
    assert_eq!(pem.as_ref(), emulator.ca_der());
}

// === support ===

async fn connect(
    emulator: &Emulator,
    name: &'static str,
    alpn: &[&str],
) -> Result<TlsStream<TcpStream>, BoxError> {
    handshake(emulator, name, connector(emulator.ca_der(), alpn)).await
}

fn connector(ca: &[u8], alpn: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(ca.to_vec().into()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn handshake(
    emulator: &Emulator,
    name: &'static str,
    connector: TlsConnector,
) -> Result<TlsStream<TcpStream>, BoxError> {
    let url = emulator.https_url();
    let port: u16 = url.rsplit_once(':').unwrap().1.parse()?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    Ok(connector
        .connect(ServerName::try_from(name)?, stream)
        .await?)
}
