mod body;
mod byte_stream;

use std::fmt;
use std::pin::{Pin, pin};

use bytes::Bytes;
use comfycontrol_error::InvalidJson;
use comfycontrol_retry::{CollectError, collect};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Extensions, HeaderMap, StatusCode, Version};
use http_body::Body as HttpBody;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::error::BodyTooLarge;
use crate::response_context::ResponseContext;

pub(crate) use self::body::Inbound;
pub use self::body::ResponseBody;
pub use self::byte_stream::ByteStream;

/// A successful response.
///
/// Read its body or drop it: over HTTP/2 the bodies of a connection share one window. When unread
/// bodies fill it, calls that were sent on it stand still, and later ones need another connection.
///
/// `Debug` shows neither the headers, some of which are secrets, nor the body.
pub struct Response {
    inner: http::Response<Inbound>,
    context: ResponseContext,
    max_body: usize,
}

impl Response {
    pub(crate) fn new(
        inner: http::Response<Inbound>,
        context: ResponseContext,
        max_body: usize,
    ) -> Self {
        Self {
            inner,
            context,
            max_body,
        }
    }

    fn into_body(self) -> ResponseBody {
        ResponseBody::new(self.inner.into_body(), self.context)
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

    /// The length of the body in bytes, if it was announced and is not compressed; in response to
    /// HEAD that of the body that GET would bring.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        if self.context().is_to_head() {
            return self
                .headers()
                .get(CONTENT_LENGTH)?
                .to_str()
                .ok()?
                .parse()
                .ok();
        }
        self.inner.body().size_hint().exact()
    }

    /// The call that this is the response to, to be named in the errors of your own reading code.
    #[must_use]
    pub fn context(&self) -> &ResponseContext {
        &self.context
    }

    /// Sets how many bytes [`bytes`](Self::bytes), [`text`](Self::text) and [`json`](Self::json)
    /// read at most, in place of the client's
    /// [`max_response_body`](crate::ClientBuilder::max_response_body).
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// How many bytes of the body are read at most, when it is read as a whole.
    #[must_use]
    pub fn max_body(&self) -> usize {
        self.max_body
    }

    /// Reads the whole body.
    ///
    /// A body that breaks off, wherever that is, is asked for again where that is safe: see the
    /// [guide](crate::guide::errors).
    ///
    /// # Errors
    ///
    /// Fails if the body breaks off, stalls, or is larger than the client's
    /// [`max_response_body`](crate::ClientBuilder::max_response_body).
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let max_body = self.max_body;
        whole(pin!(self.into_body()), max_body).await
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
    /// Until it is decoded the body takes at most twice its size, decompressed; the value takes
    /// what a `T` takes: 16 times the size for a `serde_json::Value` of many small numbers. It may
    /// have 128 levels. Decoding is one stretch on the task's thread, in which no other task of
    /// that thread runs: where that matters, bound it by [`with_max_body`](Self::with_max_body), or
    /// decode [`bytes`](Self::bytes) on a thread for blocking work. Lists of the API are read item
    /// by item by the crate `comfycontrol-api`.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and if the body is not the JSON of a `T`. That error names the
    /// path of the field that is wrong, and keeps the status and the beginning of the body.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let content_type = self.headers().get(CONTENT_TYPE).cloned();
        let max_body = self.max_body;
        let mut body = pin!(self.into_body());
        let bytes = whole(body.as_mut(), max_body).await?;
        let context = body.context();
        InvalidJson::read(context.status(), content_type.as_ref(), &bytes)
            .map_err(|e| context.error(e))
    }

    /// Reads the body piece by piece, however long it is.
    ///
    /// A body that breaks off is asked for again, where that is safe, only before the first piece
    /// has been handed out.
    ///
    /// # Errors
    ///
    /// An error is the last item: the body breaks off, or a timeout passes.
    #[must_use]
    pub fn into_stream(self) -> ByteStream {
        ByteStream::new(self.into_body())
    }

    /// Converts into a response of the `http` crate.
    #[must_use]
    pub fn into_http(self) -> http::Response<ResponseBody> {
        self.inner.map(|body| ResponseBody::new(body, self.context))
    }
}

/// A whole body of so many bytes at most.
async fn whole(mut body: Pin<&mut ResponseBody>, limit: usize) -> Result<Bytes, Error> {
    let collected = collect(body.as_mut(), limit).await;
    collected.map_err(|e| match e {
        CollectError::Body(e) => e,
        CollectError::TooLarge => {
            let context = body.context();
            context.error(BodyTooLarge::new(context.status(), limit))
        }
    })
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("version", &self.version())
            .field("content_length", &self.content_length())
            .finish_non_exhaustive()
    }
}
