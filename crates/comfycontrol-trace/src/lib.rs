//! Tower middleware that puts each HTTP call into one span of [`tracing`], and costs nothing while
//! no subscriber wants it.
//!
//! The span is `comfycontrol.call`, at level debug. Its fields have the names of the OpenTelemetry
//! conventions for HTTP clients:
//!
//! | field | what it is |
//! |---|---|
//! | `http.request.method`, `server.address`, `server.port`, `url.path` | the call, without its query |
//! | `http.request.header.x_request_id` | the id that was sent with it |
//! | `http.response.status_code` | the status, once there is one |
//! | `http.request.resend_count` | how often it was sent again, if a layer inside records it |
//! | `error.type` | what [`TracedError::error_type`] says, or `body` |
//!
//! The future of the call and its response body are polled within the span. One event of level
//! debug tells that the response has come, or that the call or its body has failed, each with its
//! latency. Tokens are masked in path and id; a query, a header or a body is never shown.
//!
//! ```
//! use comfycontrol_trace::{TraceLayer, TracedError};
//! use http::{Request, Response};
//! use http_body_util::Empty;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! struct Refused;
//!
//! impl TracedError for Refused {
//!     fn error_type(&self) -> Option<&'static str> {
//!         Some("refused")
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let service = ServiceBuilder::new()
//!     .layer(TraceLayer::new())
//!     .service(service_fn(|_: Request<()>| async { Err::<Response<Empty<&[u8]>>, _>(Refused) }));
//!
//! let result = service.oneshot(Request::new(())).await;
//! assert!(matches!(result, Err(Refused)));
//! # }
//! ```

mod body;
mod call;
mod error;
mod future;
mod layer;

pub use self::body::TraceBody;
pub use self::error::TracedError;
pub use self::future::ResponseFuture;
pub use self::layer::{Trace, TraceLayer};
