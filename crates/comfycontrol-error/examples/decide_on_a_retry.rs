//! Decides by the decoded error whether a request may be sent again, and how soon.

use bytes::Bytes;
use comfycontrol_error::{ApiError, ErrorDecoderLayer};
use http::{Method, Request, Response};
use http_body_util::Full;
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let client = ServiceBuilder::new()
        .layer(ErrorDecoderLayer::new())
        .service(service_fn(respond));

    for path in ["/throttled", "/failing", "/expired", "/fine"] {
        let request = Request::post(path).body(())?;
        match client.clone().oneshot(request).await {
            Ok(response) => println!("{path}: {}", response.status()),
            Err(error) => {
                let error = error.downcast::<ApiError>()?;
                let again = error.retry_class().allows(&Method::POST);
                println!("{path}: {:?}, {error}, send again: {again}", error.kind());
            }
        }
    }
    Ok(())
}

/// Stands in for the API, and for the network in front of it.
async fn respond(request: Request<()>) -> Result<Response<Full<Bytes>>, BoxError> {
    let response = Response::builder();
    let (response, body) = match request.uri().path() {
        "/throttled" => (
            response.status(429).header("retry-after", "30"),
            "error code: 1015",
        ),
        "/failing" => (response.status(502), "error code: 502"),
        "/expired" => (
            response.status(401),
            r#"{"status":401,"message":"Token has expired"}"#,
        ),
        _ => (response, "fine"),
    };
    Ok(response.body(Full::from(body))?)
}
