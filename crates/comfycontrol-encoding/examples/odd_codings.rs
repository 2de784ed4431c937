//! Asks for gzip and gets it, and gets codings that were not asked for.

use bytes::Bytes;
use comfycontrol_encoding::DecompressionLayer;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut client = ServiceBuilder::new()
        .layer(DecompressionLayer::new())
        .service_fn(serve);

    for coding in ["identity", "gzip", "X-GZIP", "br", "gzip, gzip"] {
        let request = Request::get(format!("http://localhost/{coding}").replace(' ', ""));
        let request = request.body(Full::<Bytes>::default())?;
        let read = match client.ready().await?.call(request).await {
            Ok(response) => response.into_body().collect().await?.to_bytes(),
            Err(error) => error.to_string().into(),
        };
        println!("{coding}: {}", String::from_utf8_lossy(&read));
    }
    Ok(())
}

/// Serves a text in the coding that the path names, not in the one asked for.
async fn serve(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, BoxError> {
    let coding = request.uri().path().trim_start_matches('/');
    let body = match coding {
        "identity" => &b"hello"[..],
        _ => b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0",
    };
    let response = Response::builder().header("content-encoding", coding);
    Ok(response.body(Full::from(body))?)
}
