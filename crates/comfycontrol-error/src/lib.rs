//! Tower middleware that turns an unsuccessful HTTP response into a typed error.
//!
//! A successful response passes through as it is: same body, same type, nothing read or copied. Of
//! any other, [`ErrorDecoder`] reads the body, at most [64 KiB](DEFAULT_MAX_ERROR_BODY) of it and
//! for at most [5 s](DEFAULT_ERROR_BODY_TIMEOUT), and decodes it into an [`ApiError`]. Decoding
//! cannot fail: whether the API sent the response, the network in front of it, or something
//! unforeseen, status and headers survive, and [`ApiError::kind`], [`ApiError::retry_class`] and
//! [`ApiError::retry_after`] say what can be done.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use comfycontrol_error::{ApiError, ApiErrorKind, ErrorDecoderLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let client = ServiceBuilder::new()
//!     .layer(ErrorDecoderLayer::new())
//!     .service(service_fn(|_: Request<()>| async {
//!         let body = r#"{"status":403,"message":"Runner limit exceeded for your tier"}"#;
//!         let response = Response::builder().status(403).body(Full::new(Bytes::from(body)));
//!         Ok::<_, BoxError>(response?)
//!     }));
//!
//! let error = client.oneshot(Request::new(())).await.unwrap_err();
//! let error = error.downcast::<ApiError>()?;
//! assert_eq!(error.kind(), ApiErrorKind::TierLimit);
//! assert_eq!(error.to_string(), "403 Forbidden: Runner limit exceeded for your tier");
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! The middleware does not change the error type of the service it wraps. It only needs a
//! conversion from [`ApiError`], which boxed errors and any enum with a `From<ApiError>` have. If
//! the body of an error breaks off or does not come in time, that is the `source()` of the
//! [`ApiError`], not another error.
//!
//! # Clones
//!
//! Clones share nothing; the middleware has settings, and no state.
//!
//! # Place in a stack
//!
//! * Outside what must see the status of a response, such as a rate limiter or what puts the
//!   token on requests.
//! * Outside decompression, so that the cap counts decoded bytes.
//! * Inside retries, which then decide on the decoded error, with the body read and the connection
//!   free.
//!
//! A timer of tokio is made only when an error's body keeps its reader waiting; the future must
//! then be polled within a tokio runtime that has its time driver enabled.
//!
//! # Not handled
//!
//! * Responses with a successful status and a body that says otherwise. To learn where their JSON
//!   is wrong, read it with [`InvalidJson::read`].
//! * The bodies of successful responses that break off.
//! * Redirects, which are errors and not followed.
//! * Compressed error bodies, whose text is not shown.

mod api_error;
mod applied;
mod body;
mod body_incomplete;
mod decode;
mod edge;
mod future;
mod invalid_json;
mod json;
mod kind;
mod layer;
mod problem_details;
mod reason_phrase;
mod retry_class;
mod served_by;
mod service;
mod settings;
mod text;
mod xml;

pub use self::api_error::ApiError;
pub use self::applied::Applied;
pub use self::body_incomplete::BodyIncomplete;
pub use self::decode::MAX_MESSAGE_CHARS;
pub use self::future::ResponseFuture;
pub use self::invalid_json::InvalidJson;
pub use self::kind::ApiErrorKind;
pub use self::layer::ErrorDecoderLayer;
pub use self::problem_details::ProblemDetails;
pub use self::retry_class::RetryClass;
pub use self::served_by::ServedBy;
pub use self::service::ErrorDecoder;
pub use self::settings::{DEFAULT_ERROR_BODY_TIMEOUT, DEFAULT_MAX_ERROR_BODY};
