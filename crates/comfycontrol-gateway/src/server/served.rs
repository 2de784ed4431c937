use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::activity::Busy;
use super::taking::Taking;
use super::under_way::Begun;
use crate::body::GatewayBody;

pin_project! {
    /// The body of a response on its way to the caller: while it is, so is its call.
    #[derive(Debug)]
    pub(super) struct Served {
        #[pin]
        pub(super) body: GatewayBody,
        pub(super) taking: Option<Taking>,
        pub(super) busy: Busy,
        pub(super) begun: Option<Begun>,
    }
}

impl Body for Served {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        let frame = this.body.poll_frame(cx);
        if let Some(taking) = this.taking {
            taking.asked(matches!(frame, Poll::Ready(Some(Ok(_)))));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
