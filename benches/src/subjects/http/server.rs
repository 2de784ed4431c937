use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{RESPONSE_BODY, Wire};

/// One server for each [`Wire`], with the root that their certificate comes from.
pub(super) struct Servers {
    addresses: [SocketAddr; 3],
    authority: CertificateDer<'static>,
}

impl Servers {
    pub(super) async fn start() -> io::Result<Self> {
        let (authority, certificate, key) = certificates().map_err(io::Error::other)?;
        let tls = |protocol: &str| {
            let provider = Arc::new(ring::default_provider());
            let builder = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?;
            let mut config = builder
                .with_no_client_auth()
                .with_single_cert(vec![certificate.clone()], key.clone_key().into())
                .map_err(io::Error::other)?;
            config.alpn_protocols = vec![protocol.into()];
            Ok::<_, io::Error>(TlsAcceptor::from(Arc::new(config)))
        };
        let addresses = [
            listen(None).await?,
            listen(Some(tls("http/1.1")?)).await?,
            listen(Some(tls("h2")?)).await?,
        ];
        Ok(Self {
            addresses,
            authority,
        })
    }

    /// Where it is to be found.
    pub(super) fn base_url(&self, wire: Wire) -> String {
        let port = self.addresses[wire as usize].port();
        match wire {
            Wire::Http1 => format!("http://127.0.0.1:{port}"),
            Wire::Http1Tls | Wire::Http2Tls => format!("https://localhost:{port}"),
        }
    }

    /// What a client has to trust.
    pub(super) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).expect("a certificate");
        roots
    }
}

async fn listen(tls: Option<TlsAcceptor>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::task::spawn_local(connection(stream, tls.clone()));
        }
    });
    Ok(address)
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>) {
    // A client that goes away is none of the server's business.
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve(stream).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream).await;
            }
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
    let service = service_fn(|_: Request<Incoming>| async {
        let mut response = Response::new(Full::new(Bytes::from_static(RESPONSE_BODY.as_bytes())));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        Ok::<_, Infallible>(response)
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let _ = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Certificates = (
    CertificateDer<'static>,
    CertificateDer<'static>,
    PrivatePkcs8KeyDer<'static>,
);

/// An authority, and the server's certificate and key.
fn certificates() -> Result<Certificates, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let names = ["localhost".to_owned()];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((authority.der().clone(), certificate.der().clone(), key))
}
