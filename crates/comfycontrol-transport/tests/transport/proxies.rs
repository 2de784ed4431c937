//! Which proxy is used, and what is told of one that does not do its work.

use comfycontrol_test::Unserved;
use comfycontrol_transport::{TransportBuilder, TransportError, TransportErrorKind};
use http::Uri;

use crate::proxy::{Kind, Proxy};
use crate::server::{Identity, Server};
use crate::support::{Body, post, send, shown};

#[tokio::test]
async fn a_proxy_that_opens_no_tunnel_is_named_without_its_password() {
    for (kind, scheme) in [
        (
            Kind::Refusing("HTTP/1.1 407 cfc_secret0123\r\n\r\n"),
            "http",
        ),
        (
            Kind::Refusing("HTTP/1.1 403 cfc_secret0123\r\n\r\n"),
            "http",
        ),
        (Kind::Refusing("cfc_secret0123\x1b[31m\r\n\r\n"), "http"),
        (Kind::Refusing(""), "http"),
        (Kind::SocksRefusing, "socks5"),
        // Neither trusted nor spoken to in clear text.
        (Kind::Https(Identity::new("localhost", &[])), "https"),
    ] {
        let proxy = Proxy::start(kind, 1).await;
        let error = through(&format!(
            "{scheme}://user:hidden@localhost:{}",
            proxy.port()
        ))
        .await;
        check(&error);
        assert_eq!(proxy.connections(), 1);
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_no_direct_connection() {
    let unserved = Unserved::new();
    let address = unserved.address();
    for scheme in ["http", "https", "socks5", "socks5h"] {
        check(&through(&format!("{scheme}://user:hidden@{address}")).await);
    }
}

#[tokio::test(start_paused = true)]
async fn the_connect_timeout_includes_the_proxy() {
    let silent = Server::silent().await;
    for scheme in ["http", "https", "socks5"] {
        let error = through(&format!("{scheme}://user:hidden@{}", silent.address())).await;
        assert_eq!(error.kind(), TransportErrorKind::ConnectTimedOut);
        assert!(error.is_unprocessed());
    }
}

#[test]
fn the_proxy_of_a_host_is_told_without_its_password() {
    let api = Uri::from_static("https://api.example/v1/user");
    for (url, told) in [
        (
            "http://user:hidden@proxy.example:8080",
            "http://proxy.example:8080/",
        ),
        (
            "https://user:hidden@proxy.example",
            "https://proxy.example/",
        ),
        (
            "socks5://user:hidden@proxy.example:1",
            "socks5://proxy.example:1/",
        ),
        ("socks5h://proxy.example:1080", "socks5://proxy.example/"),
        ("http://u:p@ss@PROXY.example.:80", "http://proxy.example/"),
        ("proxy.example:8080", "http://proxy.example:8080/"),
    ] {
        let builder = TransportBuilder::new().proxy(url);
        assert_eq!(builder.proxy_for(&api).as_deref(), Some(told));
        let local = Uri::from_static("https://localhost:8443/");
        assert_eq!(builder.proxy_for(&local), None);
        assert_eq!(builder.no_proxy().proxy_for(&api), None);
    }
    let last = TransportBuilder::new()
        .no_proxy()
        .proxy("http://proxy.example:1");
    assert!(last.proxy_for(&api).is_some());
}

// === support ===

/// What becomes of a request through this proxy.
async fn through(proxy: &str) -> TransportError {
    let builder = TransportBuilder::new().proxy(proxy);
    let shown = format!("{builder:?}");
    assert!(
        !shown.contains("hidden") && !shown.contains("user"),
        "{shown}"
    );
    let transport = builder.build::<Body>().unwrap();
    assert!(!format!("{transport:?}").contains("hidden"));
    let server = Server::silent().await;
    let error = send(
        &transport,
        post(format!("https://localhost.:{}/", server.port())),
    )
    .await;
    assert_eq!(server.connections(), 0);
    error.unwrap_err()
}

#[track_caller]
fn check(error: &TransportError) {
    assert_eq!(error.kind(), TransportErrorKind::Proxy, "{error:?}");
    assert!(error.is_unprocessed() && error.is_transient());
    let text = "proxy did not open a tunnel: check HTTPS_PROXY and its credentials";
    assert_eq!(error.to_string(), text);
    let shown = shown(error);
    for secret in ["hidden", "aGlkZGVu", "secret0123", "\x1b"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
