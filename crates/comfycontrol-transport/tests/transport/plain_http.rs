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
async fn no_other_scheme_is_known() {
    let server = Server::silent().await;
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    for scheme in ["ftp", "ws", "unix"] {
        let request = post(format!("{scheme}://127.0.0.1:{}/", server.port()));
        send(&transport, request).await.unwrap_err();
    }
    assert_eq!(server.connections(), 0);
}
