//! Servers, clients and connections for all of these tests.

use std::sync::Arc;
use std::time::Duration;

use comfycontrol::retry::RetryPolicy;
use comfycontrol::transport::Transport;
use comfycontrol::{Client, ClientBuilder};
use comfycontrol_emulator::Emulator;

/// Fails instead of hanging.
pub(crate) async fn within<F: Future>(test: F) -> F::Output {
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, test).await.expect("hangs")
}

/// An emulator that counts nothing.
pub(crate) async fn edge() -> Emulator {
    Emulator::builder().limit(None).start().await.unwrap()
}

/// A client with a token of the emulator's own, which sends each request once and at once.
pub(crate) fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder()
        .token(emulator.tokens().create("test", None))
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .no_proxy()
        .no_limit()
        .retry(RetryPolicy::none())
}

/// A pool of connections of its own that trusts each of the emulators, for stacks made by hand.
pub(crate) fn transport(trusted: &[&Emulator]) -> Transport {
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
    Transport::from_connector(connector)
}
