//! What goes through a proxy: TLS, and nothing else.

use comfycontrol_emulator::Emulator;
use comfycontrol_transport::TransportErrorKind;
use http::Version;

use crate::proxy::{Kind, Proxy, Seen};
use crate::server::Identity;
use crate::support::{builder, edge, get, post, send};

#[tokio::test]
async fn a_connect_proxy_carries_tls_and_its_password_goes_to_it_alone() {
    let identity = Identity::new("localhost", &["h2", "http/1.1"]);
    for kind in [Kind::Http, Kind::Https(identity.clone())] {
        let scheme = match kind {
            Kind::Https(_) => "https",
            _ => "http",
        };
        let emulator = edge().await;
        let proxy = Proxy::start(kind, port(&emulator)).await;
        let seen = through(
            &emulator,
            &identity,
            &proxy,
            &format!("{scheme}://user:p%40ss@localhost:{}", proxy.port()),
        )
        .await;
        let host = format!("localhost.:{}", port(&emulator));
        let head: Vec<_> = seen.asked.trim_end().split("\r\n").collect();
        assert_eq!(head[0], format!("CONNECT {host} HTTP/1.1"));
        assert_eq!(head[1], format!("Host: {host}"));
        // user:p@ss
        assert_eq!(head[2], "Proxy-Authorization: Basic dXNlcjpwQHNz");
        assert_eq!(head.len(), 3);
    }
}

#[tokio::test]
async fn a_socks_proxy_carries_tls_and_is_given_the_name() {
    for scheme in ["socks5", "socks5h"] {
        let emulator = edge().await;
        let proxy = Proxy::start(Kind::Socks, port(&emulator)).await;
        let url = format!("{scheme}://user:p%40ss@{}", proxy.address());
        let identity = Identity::new("localhost", &[]);
        let seen = through(&emulator, &identity, &proxy, &url).await;
        let expected = format!("user p@ss localhost.:{}", port(&emulator));
        assert_eq!(seen.asked, expected);
    }
}

#[tokio::test]
async fn a_proxy_without_a_password_is_given_none() {
    let emulator = edge().await;
    let identity = Identity::new("localhost", &[]);
    for (kind, scheme) in [(Kind::Http, "http"), (Kind::Socks, "socks5")] {
        let proxy = Proxy::start(kind, port(&emulator)).await;
        let url = format!("{scheme}://{}", proxy.address());
        emulator.clear_captured_requests();
        let seen = through(&emulator, &identity, &proxy, &url).await;
        assert!(!seen.asked.contains("Authorization"), "{}", seen.asked);
    }
}

#[tokio::test]
async fn this_machine_is_reached_without_the_proxy() {
    let emulator = edge().await;
    let proxy = Proxy::start(Kind::Http, port(&emulator)).await;
    let transport = builder(&emulator).proxy(format!("http://{}", proxy.address()));
    let transport = transport.build().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let request = get(format!("https://{host}:{}/", port(&emulator)));
        send(&transport, request).await.unwrap();
    }
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn names_are_resolved_by_the_proxy_and_the_port_is_that_of_https() {
    let emulator = edge().await;
    for (kind, scheme, asked) in [
        (Kind::Http, "http", "CONNECT nobody.invalid:443 HTTP/1.1"),
        (Kind::Socks, "socks5", "nobody.invalid:443"),
        (Kind::Socks, "socks5h", "nobody.invalid:443"),
    ] {
        let proxy = Proxy::start(kind, port(&emulator)).await;
        let transport = builder(&emulator).proxy(format!("{scheme}://{}", proxy.address()));
        let request = post("https://nobody.invalid/");
        let error = send(&transport.build().unwrap(), request)
            .await
            .unwrap_err();
        // The emulator is somebody else.
        assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
        assert!(error.is_unprocessed());
        assert!(proxy.seen()[0].asked.starts_with(asked));
    }
    assert!(emulator.captured_requests().is_empty());
}

#[tokio::test]
async fn plain_http_never_goes_to_a_proxy() {
    let emulator = edge().await;
    for (kind, scheme) in [(Kind::Http, "http"), (Kind::Socks, "socks5")] {
        let proxy = Proxy::start(kind, port(&emulator)).await;
        let transport = builder(&emulator).proxy(format!("{scheme}://{}", proxy.address()));
        let transport = transport.build().unwrap();
        send(&transport, post(emulator.http_url())).await.unwrap();
        let error = send(&transport, post("http://api.example/")).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::NotLoopback);
        assert_eq!(proxy.connections(), 0);
    }
}

// === support ===

fn port(emulator: &Emulator) -> u16 {
    let url = emulator.https_url();
    url.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// What the proxy sees of a request to what is not called this machine, which must be as little as
/// possible.
async fn through(emulator: &Emulator, trusted: &Identity, proxy: &Proxy, url: &str) -> Seen {
    let transport = builder(emulator)
        .root_certificate(trusted.certificate())
        .proxy(url)
        .build()
        .unwrap();
    let mut request = get(format!("https://localhost.:{}/", port(emulator)));
    let secret = "cfc_secret0123".parse().unwrap();
    request.headers_mut().insert("x-secret", secret);
    let response = send(&transport, request).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);

    let arrived = emulator.captured_requests();
    let [arrived] = &arrived[..] else {
        panic!("{arrived:?}")
    };
    assert_eq!(arrived.headers()["x-secret"], "cfc_secret0123");
    assert!(!arrived.headers().contains_key("proxy-authorization"));

    let seen = proxy.seen();
    let [seen] = &seen[..] else {
        panic!("{seen:?}")
    };
    // The first record of a TLS handshake.
    assert_eq!(seen.carried[..2], [22, 3]);
    let carried = String::from_utf8_lossy(&seen.carried);
    assert!(!carried.contains("secret0123") && !carried.contains("x-secret"));
    assert!(!seen.asked.contains("secret0123"));
    seen.clone()
}
