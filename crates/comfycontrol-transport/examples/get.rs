//! Two requests over TLS to a server on this machine, by one connection.

use bytes::Bytes;
use comfycontrol_emulator::Emulator;
use comfycontrol_transport::TransportBuilder;
use http::Request;
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let server = Emulator::builder().start().await?;
    let token = server.tokens().create("example", None);
    let transport = TransportBuilder::new()
        .root_certificate(server.ca_der())
        .no_proxy()
        .build::<Empty<Bytes>>()?;

    for path in ["/v1/user", "/v1/nothing"] {
        let request = Request::get(format!("{}{path}", server.https_url()))
            .header("authorization", format!("Bearer {token}"))
            .body(Empty::new())?;
        let response = transport.clone().oneshot(request).await?;
        let (version, status) = (response.version(), response.status());
        let body = response.into_body().collect().await?.to_bytes();
        println!("{path}: {version:?}, {status}, {} bytes", body.len());
    }
    server.shutdown().await;
    Ok(())
}
