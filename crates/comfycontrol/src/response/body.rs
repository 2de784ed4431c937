use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use comfycontrol_transport::{Transport, TransportBody};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::Error;
use crate::response_context::ResponseContext;
use crate::stack::StackBody;

/// A response body as it comes out of the layers.
pub(crate) type Inbound = StackBody<Transport<crate::Body>, TransportBody>;

pin_project! {
    /// The body of a response, decompressed and ended by the timeouts.
    pub struct ResponseBody {
        #[pin]
        inner: Inbound,
        context: ResponseContext,
    }
}

impl ResponseBody {
    pub(crate) fn new(inner: Inbound, context: ResponseContext) -> Self {
        Self { inner, context }
    }

    /// The call that this is the response to, to be named in the errors of your own reading code.
    #[must_use]
    pub fn context(&self) -> &ResponseContext {
        &self.context
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("content_length", &self.size_hint().exact())
            .finish_non_exhaustive()
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        let failed = |e: BoxError| this.context.error(Error::body(this.context.status(), e));
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
