//! Servers, clients and connections for all of these tests.

#[path = "../support/emulated.rs"]
pub(crate) mod emulated;

use std::sync::Arc;
use std::time::Duration;

use comfycontrol::retry::RetryPolicy;
use comfycontrol::transport::Transport;
use comfycontrol::{Body, ClientBuilder, Error, RateLimitMode, TransportError};
use comfycontrol_emulator::Emulator;
use tower::util::MapErr;

/// In real time: what takes longer hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// An emulator that counts nothing.
pub(crate) async fn edge() -> Emulator {
    Emulator::builder().limit(None).start().await.unwrap()
}

/// A client with a token of the emulator's own, which sends each request once and at once.
pub(crate) fn builder(emulator: &Emulator) -> ClientBuilder {
    emulated::builder(emulator)
        .rate_limit(RateLimitMode::Off)
        .retry(RetryPolicy::none())
}

/// A pool of connections of its own that trusts each of the emulators, for stacks that tests build.
pub(crate) fn transport(
    trusted: &[&Emulator],
) -> MapErr<Transport<Body>, fn(TransportError) -> Error> {
    let mut roots = rustls::RootCertStore::empty();
    for emulator in trusted {
        roots.add(emulator.ca_der().to_vec().into()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .build();
    MapErr::new(Transport::from_tls_connector(connector), Error::from)
}
