use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::call::Call;

pin_project! {
    /// Response body of [`Trace`](crate::Trace): read within the span of its call, which ends with
    /// it.
    ///
    /// If it breaks off, `error.type` is `body`.
    #[derive(Debug)]
    pub struct TraceBody<B> {
        #[pin]
        inner: B,
        call: Option<Box<Call>>,
    }
}

impl<B> TraceBody<B> {
    pub(crate) fn new(inner: B, call: Option<Box<Call>>) -> Self {
        Self { inner, call }
    }
}

impl<B: Body> Body for TraceBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let _entered = this.call.as_deref().map(Call::enter);
        let frame = this.inner.poll_frame(cx);
        if let (Poll::Ready(Some(Err(_))), Some(call)) = (&frame, this.call.as_ref()) {
            call.failed("body");
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
