/// Who wrote the reply.
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_error::{ApiError, Responder};
/// use http::Response;
///
/// let edge = Response::builder().status(502).body(Bytes::from("error code: 502"))?;
/// assert_eq!(ApiError::from_response(edge).responder(), Responder::Edge);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Responder {
    /// The API: its documented error body, and no sign of the edge.
    Api,
    /// The network in front of the API; the API may never have seen the request.
    ///
    /// Every 429 counts here, since the limit is enforced at the edge.
    Edge,
    /// The reply does not tell.
    Unknown,
}
