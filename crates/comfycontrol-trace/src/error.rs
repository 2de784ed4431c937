use comfycontrol_core::BoxError;
use http::StatusCode;

/// An error that a span can name.
///
/// To be implemented by the error of the service inside [`Trace`](crate::Trace).
pub trait TracedError {
    /// The field `error.type`: a short name out of few, such as `timed_out`. `None` if the call has
    /// not failed, as with the 304 that a conditional request asks for.
    fn error_type(&self) -> Option<&'static str>;

    /// The status of the response that the error stands for, if there was one; none unless
    /// implemented.
    fn status(&self) -> Option<StatusCode> {
        None
    }
}

/// Of a boxed error nothing is known: `_OTHER`, the fallback of the conventions.
impl TracedError for BoxError {
    fn error_type(&self) -> Option<&'static str> {
        Some("_OTHER")
    }
}
