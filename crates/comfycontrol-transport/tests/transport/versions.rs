//! The version of HTTP, the connections that are kept, and what is added to a request.

use std::sync::Arc;

use comfycontrol_emulator::{Emulator, Listener};
use comfycontrol_transport::{TransportBuilder, TransportErrorKind, rustls};
use http::{Request, Version};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Identity, Server};
use crate::support::{Body, builder, edge, get, post, send, transport};

#[tokio::test]
async fn http_2_is_agreed_on_by_alpn_over_one_connection_that_clones_share() {
    let emulator = edge().await;
    let transport = transport(&emulator);
    for _ in 0..3 {
        let request = get(emulator.https_url());
        let response = send(&transport.clone(), request).await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
    }
    let seen = emulator.captured_requests();
    assert_eq!(seen.len(), 3);
    for seen in &seen {
        assert_eq!(
            (seen.listener(), seen.version()),
            (Listener::Https, Version::HTTP_2)
        );
        assert_eq!(
            (seen.alpn(), seen.server_name()),
            (Some("h2"), Some("localhost"))
        );
        assert_eq!(seen.connection(), 0);
    }
}

#[tokio::test]
async fn plain_http_is_http_1_over_connections_that_are_kept() {
    let emulator = edge().await;
    let transport = transport(&emulator);
    for _ in 0..3 {
        let response = send(&transport, get(emulator.http_url())).await.unwrap();
        assert_eq!(response.version(), Version::HTTP_11);
        // The connection is free when the body has been read.
        response.into_body().collect().await.unwrap();
    }
    let seen = emulator.captured_requests();
    assert_eq!(seen.len(), 3);
    for seen in &seen {
        assert_eq!((seen.listener(), seen.connection()), (Listener::Http, 0));
    }
}

#[tokio::test]
async fn a_server_without_http_2_is_spoken_to_in_http_1() {
    for alpn in [&["http/1.1"][..], &[]] {
        let identity = Identity::new("localhost", alpn);
        let server = http_1(identity.clone()).await;
        let transport = TransportBuilder::new()
            .root_certificate(identity.certificate())
            .no_proxy();
        let transport = transport.build().unwrap();
        let url = format!("https://localhost:{}/", server.port());
        let response = send(&transport, get(&url)).await.unwrap();
        assert_eq!(response.version(), Version::HTTP_11);
        assert_eq!(response.status(), 418, "any status is a response");

        // One that insists on HTTP/2 is not sent.
        let mut request = get(&url);
        *request.version_mut() = Version::HTTP_2;
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Other);
    }
}

#[tokio::test]
async fn no_header_is_added_but_those_that_frame_the_message() {
    let emulator = edge().await;
    let transport = transport(&emulator);
    for (url, http_1) in [(emulator.https_url(), false), (emulator.http_url(), true)] {
        for (request, framing) in [
            (get(&url), &["host"][..]),
            (post(&url), &["host", "content-length"]),
        ] {
            emulator.clear_captured_requests();
            send(&transport, request).await.unwrap();
            let seen = emulator.captured_requests();
            let mut names: Vec<_> = seen[0].headers().keys().map(|name| name.as_str()).collect();
            let mut expected = framing.to_vec();
            // HTTP/2 has a pseudo-header instead.
            expected.retain(|name| http_1 || *name != "host");
            names.sort_unstable();
            expected.sort_unstable();
            assert_eq!(names, expected, "{url}");
        }
    }
}

#[tokio::test]
async fn the_request_arrives_as_it_is() {
    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    let request = Request::delete(format!("{}/v1/x?page=1&q=%20", emulator.https_url()))
        .header("x-own", "a")
        .header("x-own", "b")
        .body(Body::default())
        .unwrap();
    let response = send(&transport(&emulator), request).await.unwrap();
    assert_eq!(response.status(), 401);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(
        body,
        r#"{"status":401,"message":"Missing authorization header"}"#
    );
    let seen = emulator.captured_requests();
    assert_eq!(seen[0].method(), "DELETE");
    assert_eq!(
        seen[0].uri().path_and_query().unwrap(),
        "/v1/x?page=1&q=%20"
    );
    let values: Vec<_> = seen[0].headers().get_all("x-own").iter().collect();
    assert_eq!(values, ["a", "b"]);
}

#[tokio::test]
async fn the_alpn_list_of_a_tls_configuration_is_replaced() {
    let emulator = edge().await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(emulator.ca_der().to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let transport = TransportBuilder::new().no_proxy().tls_config(config);
    let request = get(emulator.https_url());
    let response = send(&transport.build().unwrap(), request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
}

#[tokio::test]
async fn two_transports_share_no_connection() {
    let emulator = edge().await;
    for _ in 0..2 {
        let transport = builder(&emulator).build().unwrap();
        send(&transport, get(emulator.https_url())).await.unwrap();
    }
    let connections: Vec<_> = emulator.captured_requests();
    assert_ne!(connections[0].connection(), connections[1].connection());
}

// === support ===

/// Gives one response to each connection.
async fn http_1(identity: Identity) -> Server {
    Server::start(move |client| {
        let identity = identity.clone();
        async move {
            let Some(mut client) = identity.accept(client).await else {
                return;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = client.read_u8().await else {
                    return;
                };
                head.push(byte);
            }
            let response = b"HTTP/1.1 418 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            let _ = client.write_all(response).await;
            let _ = client.shutdown().await;
        }
    })
    .await
}
