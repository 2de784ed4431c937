//! What a subscriber sees of two calls: one that gets its response, and one that fails.

use bytes::Bytes;
use comfycontrol_trace::{TraceLayer, TracedError};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tracing_subscriber::filter::LevelFilter;

/// A response that is no success.
#[derive(Debug)]
struct Refused(StatusCode);

impl TracedError for Refused {
    fn error_type(&self) -> Option<&'static str> {
        Some("refused")
    }

    fn status(&self) -> Option<StatusCode> {
        Some(self.0)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), http::Error> {
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::DEBUG)
        .without_time()
        .init();
    let service = TraceLayer::new().layer(service_fn(|req: Request<()>| async move {
        match req.uri().path() {
            "/v1/user" => Ok(Response::new(Full::<Bytes>::from("{}"))),
            _ => Err(Refused(StatusCode::NOT_FOUND)),
        }
    }));
    for path in ["/v1/user?never=shown", "/v1/nothing"] {
        let request = Request::get(path).header("x-request-id", "7f").body(())?;
        let result: Result<Response<_>, Refused> = service.oneshot(request).await;
        println!("{path}: {:?}", result.map(|response| response.status()));
    }
    Ok(())
}
