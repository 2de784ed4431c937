use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::error::MessageFault;
use crate::head;
use crate::{TransportBody, TransportError};

pub(crate) type BoxedFuture =
    Pin<Box<dyn Future<Output = Result<Response<TransportBody>, TransportError>> + Send>>;

pin_project! {
    /// Response future of [`Transport`](crate::Transport).
    pub struct ResponseFuture {
        #[pin]
        kind: Kind,
        // Whether the request is a HEAD, whose response has no body.
        to_head: bool,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind {
        Sent { inner: BoxedFuture },
        Refused { inner: Ready<TransportError> },
    }
}

impl ResponseFuture {
    pub(crate) fn sent(inner: BoxedFuture, to_head: bool) -> Self {
        Self {
            kind: Kind::Sent { inner },
            to_head,
        }
    }

    /// Nothing was sent.
    pub(crate) fn refused(fault: MessageFault) -> Self {
        Self {
            kind: Kind::Refused {
                inner: ready(TransportError::new(fault)),
            },
            to_head: false,
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<TransportBody>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut res = match this.kind.project() {
            KindProj::Sent { inner } => ready!(inner.as_mut().poll(cx))?,
            KindProj::Refused { inner } => return Pin::new(inner).poll(cx).map(Err),
        };
        head::check(res.headers()).map_err(TransportError::new)?;
        let expected = (res.body()).expected(res.status(), res.headers(), *this.to_head);
        res.body_mut().expect(expected);
        Poll::Ready(Ok(res))
    }
}
