use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_core::{BoxError, clean_error};

/// Says why the body of an unsuccessful response did not arrive in full.
///
/// The status and headers are still known; this is the [`source`](std::error::Error::source) of the
/// [`ApiError`](crate::ApiError).
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_error::{ApiError, ErrorDecoderLayer};
/// use http::{Request, Response};
/// use http_body_util::{Full, Limited};
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let client = ServiceBuilder::new()
///     .layer(ErrorDecoderLayer::new())
///     .service(service_fn(|_: Request<()>| async {
///         // A body that fails when it is read.
///         let body = Limited::new(Full::new(Bytes::from("too long")), 3);
///         Ok::<_, BoxError>(Response::builder().status(500).body(body)?)
///     }));
///
/// let error = client.oneshot(Request::new(())).await.unwrap_err();
/// let error = error.downcast::<ApiError>()?;
/// assert_eq!(error.to_string(), "500 Internal Server Error");
/// let incomplete = error.body_error().expect("the body failed");
/// assert!(!incomplete.is_timeout());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BodyIncomplete(Reason);

#[derive(Clone)]
enum Reason {
    TimedOut(Duration),
    Transport(Arc<dyn Error + Send + Sync>),
}

impl BodyIncomplete {
    pub(crate) fn timed_out(limit: Duration) -> Self {
        Self(Reason::TimedOut(limit))
    }

    pub(crate) fn transport(error: impl Into<BoxError>) -> Self {
        Self(Reason::Transport(clean_error(error).into()))
    }

    /// Whether the time for the body ran out; otherwise its transport failed.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0, Reason::TimedOut(_))
    }
}

impl fmt::Display for BodyIncomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::TimedOut(limit) => write!(f, "error body did not arrive within {limit:?}"),
            Reason::Transport(_) => f.write_str("error body broke off"),
        }
    }
}

impl fmt::Debug for BodyIncomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The transport's error may hold anything; `source` returns it.
        f.debug_tuple("BodyIncomplete")
            .field(&format_args!("{self}"))
            .finish()
    }
}

impl Error for BodyIncomplete {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Reason::TimedOut(_) => None,
            Reason::Transport(error) => Some(&**error),
        }
    }
}
