//! Other origins, which a server names: they do not lead into the internal network.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use comfycontrol_core::InternalHosts;
use comfycontrol_transport::TransportErrorKind;
use tokio::net::TcpListener;

use crate::server::Server;
use crate::support::{builder, edge, get, send, transport};

#[tokio::test]
async fn a_connection_that_was_made_for_the_own_origin_serves_no_other() {
    let emulator = edge().await;
    let home = transport(&emulator);
    let named = |host: &str| InternalHosts::new("api.example", vec![host.to_owned()]);
    let outside = home.for_other_origins(InternalHosts::default());
    for url in [emulator.https_url(), emulator.http_url()] {
        send(&home, get(&url)).await.unwrap();
        let refused = send(&outside, get(&url)).await.unwrap_err();
        assert_eq!(refused.kind(), TransportErrorKind::InternalAddress, "{url}");
        assert!(refused.is_unprocessed() && !refused.is_transient());
        assert!(refused.to_string().contains("allow the host by its name"));

        let host = url.parse::<http::Uri>().unwrap().host().unwrap().to_owned();
        let inside = home.for_other_origins(named(&host));
        send(&inside, get(&url)).await.unwrap();
    }
    let seen = emulator.captured_requests();
    assert_eq!(seen.len(), 4);
    assert_ne!(seen[0].connection(), seen[1].connection());
}

#[tokio::test]
async fn an_internal_address_is_not_even_connected_to() {
    let server = Server::silent().await;
    let emulator = edge().await;
    let transport = builder(&emulator).build().unwrap();
    let transport = transport.for_other_origins(InternalHosts::default());
    for url in [
        format!("https://{}/", server.address()),
        format!("https://[::ffff:127.0.0.1]:{}/", server.port()),
        format!("https://localhost:{}/", server.port()),
        "https://169.254.169.254/latest".to_owned(),
    ] {
        let refused = send(&transport, get(&url)).await.unwrap_err();
        assert_eq!(refused.kind(), TransportErrorKind::InternalAddress, "{url}");
    }
    assert_eq!(server.connections(), 0);
}

/// By the name of this machine, where it leads to it: nothing in the name says so.
#[tokio::test]
async fn a_name_that_says_nothing_of_where_it_leads_is_refused_for_it() {
    let Ok(name) = std::fs::read_to_string("/proc/sys/kernel/hostname") else {
        return;
    };
    let name = name.trim().to_owned();
    let led: Vec<SocketAddr> = (&*name, 0)
        .to_socket_addrs()
        .map_or(vec![], Iterator::collect);
    let none = InternalHosts::default();
    let is_internal = |addr: &SocketAddr| !none.allow_at(&name, addr.ip());
    if name == "localhost" || led.is_empty() || !led.iter().all(is_internal) {
        return;
    }
    let everywhere = IpAddr::from(Ipv4Addr::UNSPECIFIED);
    let listener = TcpListener::bind((everywhere, 0)).await.unwrap();
    let url = format!("https://{name}:{}/", listener.local_addr().unwrap().port());
    let emulator = edge().await;
    let transport = builder(&emulator).build().unwrap();
    let outside = transport.for_other_origins(InternalHosts::default());
    let refused = send(&outside, get(&url)).await.unwrap_err();
    assert_eq!(refused.kind(), TransportErrorKind::InternalAddress, "{url}");
    assert!(refused.is_unprocessed() && !refused.is_transient());
}
