//! All layers in their order: the only place where it is decided.
//!
//! ```text
//!   call
//!    │  user agent, accept, request id     fixed headers, the same for all attempts
//!    │  Trace            one span a call, whatever happens inside
//!    │  TotalTimeout     covers all waiting, all attempts and the body
//!    │  Retry            sees decoded errors; each attempt starts below
//!    │  ErrorDecoder     has read the bounded error body before a retry is decided
//!    │  Decompression    so that the bound counts decoded bytes
//!    │  RateLimit        each attempt pays for a slot; sees the raw 429; or PriorityLimit
//!    │  AttemptTimeout   starts after the grant
//!    │  AddToken         the token is read when the request leaves, not when it queues
//!    │  MarkDispatched   tells the timeouts that the request has left
//!    ▼  transport
//! ```
//!
//! What a call that succeeds at once allocates on its way through all of them:
//!
//! | what | times | why |
//! |---|---|---|
//! | map of headers | 2 | its table and its entries, with room for six; none if the request has headers |
//! | request id | 1 | its text, shared with the copy; none if the request has an id |
//! | copy for retries | 3 | the headers once more, since the first ones leave, and a place for all that a call is sent again with; none if nothing is ever [sent again](crate::retry) |
//! | body of the copy | 1 | its box, by which a request is small where it moves; none without a body |
//! | URL | 1 | lets the copy share the text; none for a static one |
//! | total timeout | 6 | its instant in the extensions, and in those of the copy; none without a total |
//! | progress of an upload | 2 | a count of bytes and who adds to it, for the timeout of the attempt; none without a body |
//!
//! [`ClientBuilder::layers`](crate::ClientBuilder::layers) gives the layers one by one, for another
//! order.
//!
//! ```
//! use comfycontrol::{Body, Client, Error};
//! use http::{Request, Response};
//! use tower::{ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let transport = service_fn(|req: Request<Body>| async move {
//!     assert_eq!(req.headers()["accept"], "application/json");
//!     Ok::<_, Error>(Response::new(Body::from("{}")))
//! });
//! let stack = Client::builder().without_token().layers()?.stack(transport);
//!
//! let request = Request::get("https://api.comfycontrol.app/v1/user").body(Body::empty());
//! let response = stack.oneshot(request.expect("valid")).await?;
//! assert!(response.status().is_success());
//! # Ok(())
//! # }
//! ```

mod inner;
mod layers;
mod outbound;
mod service;

pub use self::layers::Layers;
pub use self::service::{Stack, StackBody, StackFuture};
