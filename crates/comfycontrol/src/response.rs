use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Extensions, HeaderMap, Method, StatusCode, Uri, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyDataStream, BodyExt, LengthLimitError, Limited};
use pin_project_lite::pin_project;
use serde::de::DeserializeOwned;
use tower::BoxError;

use crate::Error;
use crate::error::{BadJson, BodyTooLarge};
use crate::stack::StackBody;
use crate::transport::TransportBody;

/// A successful response.
///
/// `Debug` shows neither the headers, some of which are secrets, nor the body.
pub struct Response {
    inner: http::Response<ResponseBody>,
    max_body: usize,
}

/// The pieces of a response body as they come.
pub type ByteStream = BodyDataStream<Pin<Box<ResponseBody>>>;

impl Response {
    pub(crate) fn new(inner: http::Response<ResponseBody>, max_body: usize) -> Self {
        Self { inner, max_body }
    }

    /// The status, always a success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The version of HTTP that was spoken.
    #[must_use]
    pub fn version(&self) -> Version {
        self.inner.version()
    }

    /// What the layers and the transport have attached.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        self.inner.extensions()
    }

    /// The length of the body in bytes, if it was announced and is not compressed.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.inner.body().size_hint().exact()
    }

    /// Whether the body is known to be empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Sets how many bytes [`bytes`](Self::bytes), [`text`](Self::text) and [`json`](Self::json)
    /// read at most.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Reads the whole body.
    ///
    /// # Errors
    ///
    /// Fails if the body breaks off, stalls, or is larger than the client's `max_body`.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let limit = self.max_body;
        let body = self.inner.into_body();
        let call = body.call.clone();
        match Limited::new(body, limit).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(e) if e.is::<LengthLimitError>() => {
                Err(call.failed(BodyTooLarge::new(call.status, limit)))
            }
            Err(e) => Err(call.failed(Error::body(call.status, e))),
        }
    }

    /// Reads the whole body as text; what is not UTF-8 is replaced.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    pub async fn text(self) -> Result<String, Error> {
        let bytes = self.bytes().await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Reads the whole body and decodes it from JSON.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and if the body is not the JSON of a `T`. That error names the
    /// path of the field that is wrong, and keeps the status and the beginning of the body.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let call = self.inner.body().call.clone();
        let content_type = self.headers().get(CONTENT_TYPE).cloned();
        let body = self.bytes().await?;
        from_json(&body)
            .map_err(|e| call.failed(BadJson::new(call.status, content_type.as_ref(), &body, e)))
    }

    /// The body piece by piece, without bound.
    ///
    /// # Errors
    ///
    /// An error is the last item: the body breaks off, or a timeout passes.
    #[must_use]
    pub fn into_stream(self) -> ByteStream {
        Box::pin(self.inner.into_body()).into_data_stream()
    }

    /// The parts of the response as the `http` crate has them.
    #[must_use]
    pub fn into_http(self) -> http::Response<ResponseBody> {
        self.inner
    }

    /// The body as server-sent events.
    ///
    /// # Errors
    ///
    /// Fails if the content type is not `text/event-stream`.
    #[cfg(feature = "sse")]
    pub fn into_events(self) -> Result<crate::Events, Error> {
        crate::Events::new(self.inner)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("version", &self.version())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

pub(crate) fn from_json<T: DeserializeOwned>(
    body: &[u8],
) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    let mut de = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let value = T::deserialize(serde_path_to_error::Deserializer::new(&mut de, &mut track))
        .and_then(|value| de.end().map(|()| value));
    value.map_err(|e| serde_path_to_error::Error::new(track.path(), e))
}

pin_project! {
    /// The body of a response, decoded and watched by the timeouts.
    pub struct ResponseBody {
        #[pin]
        inner: StackBody<TransportBody>,
        call: Answered,
    }
}

/// The call a response body belongs to.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) status: StatusCode,
}

impl Answered {
    pub(crate) fn failed(&self, error: impl Into<Error>) -> Error {
        error.into().during(&self.method, self.uri.path())
    }
}

impl ResponseBody {
    pub(crate) fn new(inner: StackBody<TransportBody>, call: Answered) -> Self {
        Self { inner, call }
    }

    #[cfg(feature = "sse")]
    pub(crate) fn call(&self) -> &Answered {
        &self.call
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("len", &self.size_hint().exact())
            .finish_non_exhaustive()
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        let failed = |e: BoxError| this.call.failed(Error::body(this.call.status, e));
        this.inner
            .poll_frame(cx)
            .map(|frame| frame.map(|frame| frame.map_err(failed)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
