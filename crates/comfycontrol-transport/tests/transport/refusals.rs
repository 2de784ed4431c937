//! An upload that is refused before it has been written.

use bytes::Bytes;
use comfycontrol_transport::{TransportBuilder, TransportErrorKind};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::Server;
use crate::support::{Body, send, shown};

#[tokio::test]
async fn a_server_that_refuses_an_upload_and_closes_is_heard_or_named() {
    let server = Server::start(|mut client| async move {
        let _ = client.read(&mut [0; 4_096]).await;
        let response = b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let _ = client.write_all(response).await;
        // With the rest of the request unread, which resets the connection.
    })
    .await;
    let transport = TransportBuilder::new().no_proxy().build::<Body>().unwrap();
    let payload = Bytes::from(vec![0; 8 << 20]);
    let mut heard = 0;
    for _ in 0..20 {
        let request = Request::post(format!("http://{}/", server.address()));
        let request = request.body(Body::new(payload.clone())).unwrap();
        match send(&transport, request).await {
            Ok(response) => {
                assert_eq!(response.status(), 413);
                heard += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
                assert!(!error.is_unprocessed());
                eprintln!("{}", shown(&error));
            }
        }
    }
    eprintln!("{heard} of 20 were heard");
    assert!(heard > 0);
}
