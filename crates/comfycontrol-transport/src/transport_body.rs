use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use pin_project_lite::pin_project;

use crate::error::without_quotes;

pin_project! {
    /// Response body of [`Transport`](crate::Transport), as it comes off the wire: encoded as it was
    /// sent, and not bounded.
    ///
    /// Its errors show nothing a server wrote into them, other than masked, escaped and cut short.
    #[derive(Debug)]
    pub struct TransportBody {
        #[pin]
        kind: BodyKind,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = BodyKindProj]
    enum BodyKind {
        Incoming { #[pin] body: Incoming },
        Boxed { #[pin] body: UnsyncBoxBody<Bytes, BoxError> },
    }
}

impl TransportBody {
    pub(crate) fn incoming(body: Incoming) -> Self {
        Self {
            kind: BodyKind::Incoming { body },
        }
    }

    pub(crate) fn boxed<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            kind: BodyKind::Boxed {
                body: body.map_err(Into::into).boxed_unsync(),
            },
        }
    }
}

impl HttpBody for TransportBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match self.project().kind.project() {
            BodyKindProj::Incoming { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            BodyKindProj::Boxed { body } => body.poll_frame(cx),
        };
        // Here, so that no layer further out can show them.
        frame.map(|frame| frame.map(|frame| frame.map_err(without_quotes)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            BodyKind::Incoming { body } => body.is_end_stream(),
            BodyKind::Boxed { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            BodyKind::Incoming { body } => body.size_hint(),
            BodyKind::Boxed { body } => body.size_hint(),
        }
    }
}
