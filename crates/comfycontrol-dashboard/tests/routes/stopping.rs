//! A server that stops while pages are live.

use std::time::Duration;

use comfycontrol_dashboard::Dashboard;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::app;

/// Above all that a busy machine needs.
const TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_graceful_stop_does_not_wait_for_live_pages() {
    let dashboard = Dashboard::builder().build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let end = async move { _ = stopped.await };
    let server = axum::serve(listener, app(&dashboard)).with_graceful_shutdown(end);
    let server = tokio::spawn(server.into_future());

    let mut page = TcpStream::connect(address).await.unwrap();
    page.write_all(b"GET /_/events HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut read = vec![0; 1 << 16];
    let mut seen = String::new();
    while !seen.contains("\n\n") {
        let length = timeout(TIMEOUT, page.read(&mut read))
            .await
            .unwrap()
            .unwrap();
        seen.push_str(str::from_utf8(&read[..length]).unwrap());
    }

    stop.send(()).unwrap();
    dashboard.stop();
    timeout(TIMEOUT, server)
        .await
        .expect("it waits for a page")
        .unwrap()
        .unwrap();
    let mut rest = Vec::new();
    timeout(TIMEOUT, page.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert!(
        rest.ends_with(b"0\r\n\r\n"),
        "the stream was cut, and not ended"
    );
}
