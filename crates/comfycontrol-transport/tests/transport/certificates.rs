//! Whose certificate is trusted.

use comfycontrol_transport::{TransportBuilder, TransportError, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Identity, Server};
use crate::support::{Body, builder, edge, get, post, send, transport};

#[tokio::test]
async fn the_certificate_of_a_stranger_is_not_taken() {
    let (ours, other) = (edge().await, edge().await);
    let error = send(&transport(&ours), post(other.https_url())).await;
    check(&error.unwrap_err());
    assert!(other.captured_requests().is_empty());
}

#[tokio::test]
async fn several_authorities_may_be_trusted() {
    let (first, second) = (edge().await, edge().await);
    let both = builder(&first).root_certificate(second.ca_der());
    let both = both.build().unwrap();
    for emulator in [&first, &second] {
        send(&both, post(emulator.https_url())).await.unwrap();
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_taken() {
    let identity = Identity::new("other.example", &[]);
    let shown = identity.clone();
    let server = Server::start(move |client| {
        let shown = shown.clone();
        async move { drop(shown.accept(client).await) }
    })
    .await;
    let transport = TransportBuilder::new()
        .root_certificate(identity.certificate())
        .no_proxy();
    let request = post(format!("https://localhost:{}/", server.port()));
    let error = send(&transport.build().unwrap(), request).await;
    check(&error.unwrap_err());
}

#[tokio::test]
async fn what_speaks_no_tls_is_told_as_such() {
    let server = Server::start(|mut client| async move {
        let _ = client.read(&mut [0; 4_096]).await;
        let _ = client.write_all(b"HTTP/1.1 400 cfc_secret\r\n\r\n").await;
        let _ = client.read(&mut [0; 4_096]).await;
    })
    .await;
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    let request = post(format!("https://{}/", server.address()));
    check(&send(&transport, request).await.unwrap_err());
}

#[tokio::test]
async fn the_provider_can_be_passed() {
    let emulator = edge().await;
    let ring = rustls::crypto::ring::default_provider();
    let transport = builder(&emulator).crypto_provider(ring).build().unwrap();
    send(&transport, get(emulator.https_url())).await.unwrap();
}

#[tokio::test]
#[cfg(feature = "webpki-roots")]
async fn the_compiled_in_certificates_may_be_added_to() {
    let emulator = edge().await;
    let known = builder(&emulator).webpki_roots().build().unwrap();
    send(&known, get(emulator.https_url())).await.unwrap();
    let unknown = TransportBuilder::new().webpki_roots().no_proxy();
    let error = send(&unknown.build().unwrap(), get(emulator.https_url())).await;
    check(&error.unwrap_err());
}

// === support ===

#[track_caller]
fn check(error: &TransportError) {
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
    assert!(error.is_unprocessed());
    assert!(!error.is_transient());
    assert_eq!(
        error.to_string(),
        "TLS handshake failed: check the clock, the host name and the trusted certificates"
    );
}
