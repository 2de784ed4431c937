/// Says who wrote the response: the API, or the network in front of it.
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_error::{ApiError, ServedBy};
/// use http::Response;
///
/// let edge = Response::builder().status(502).body(Bytes::from("error code: 502"))?;
/// assert_eq!(ApiError::from_response(edge).served_by(), ServedBy::Edge);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ServedBy {
    /// The API: its documented error body, and no sign of the edge.
    Api,
    /// The network in front of the API; the API may never have seen the request.
    ///
    /// Every 429 counts here, for the limit is enforced at the edge.
    Edge,
    /// The response does not tell.
    Unknown,
}
