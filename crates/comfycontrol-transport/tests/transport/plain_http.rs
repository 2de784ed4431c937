//! Plain `http` stays on this machine.

use comfycontrol_transport::{TransportBuilder, TransportErrorKind};

use crate::server::Server;
use crate::support::{Body, edge, post, send, transport};

#[tokio::test]
async fn it_goes_to_this_machine_by_address_and_by_name() {
    let emulator = edge().await;
    let url = emulator.http_url();
    let port = url.rsplit_once(':').unwrap().1;
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let request = post(format!("http://{host}:{port}/"));
        let response = send(&transport(&emulator), request).await.unwrap();
        assert_eq!(response.status(), 200, "{host}");
    }
}

#[tokio::test]
async fn what_is_not_written_as_this_machine_is_not_even_connected_to() {
    let server = Server::silent().await;
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    for host in [
        // These do lead here, though not everybody reads them so.
        "0.0.0.0",
        "127.1",
        "localhost.",
        "[::ffff:127.0.0.1]",
        // These do not.
        "192.0.2.1",
        "api.example",
        "localhost.example",
    ] {
        let request = post(format!("http://{host}:{}/", server.port()));
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::NotLoopback, "{host}");
        assert!(error.is_unprocessed());
        assert!(!error.is_transient());
        assert_eq!(
            error.to_string(),
            "plain http goes to this machine only, and the host is another one: use https"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_port_that_there_is_not_is_no_other_port() {
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    for scheme in ["http", "https"] {
        for target in [
            "localhost:99999",
            "127.0.0.1:0",
            "[::1]:65536",
            "u:p@[::1]:99999",
        ] {
            let request = post(format!("{scheme}://{target}/"));
            let error = send(&transport, request).await.unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::RequestTarget, "{target}");
            assert!(error.is_unprocessed() && !error.is_transient());
        }
    }
    let relative = send(&transport, post("/v1/user")).await.unwrap_err();
    assert_eq!(relative.kind(), TransportErrorKind::RequestTarget);
    assert!(relative.is_unprocessed());
    // An empty one is the scheme's own (RFC 3986 §3.2.3).
    for url in [
        "http://192.0.2.1:/",
        "http://u:p@192.0.2.1/",
        "http://[2001:db8::1]/",
    ] {
        let error = send(&transport, post(url)).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::NotLoopback, "{url}");
    }
}

#[tokio::test]
async fn no_other_scheme_is_known() {
    let server = Server::silent().await;
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    for scheme in ["ftp", "ws", "unix"] {
        let request = post(format!("{scheme}://127.0.0.1:{}/", server.port()));
        send(&transport, request).await.unwrap_err();
    }
    assert_eq!(server.connections(), 0);
}
