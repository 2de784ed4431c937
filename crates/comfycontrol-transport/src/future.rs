use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use hyper_util::client::legacy::ResponseFuture as PoolFuture;
use pin_project_lite::pin_project;

use crate::{TransportBody, TransportError};

type OtherFuture =
    Pin<Box<dyn Future<Output = Result<Response<TransportBody>, TransportError>> + Send>>;

pin_project! {
    /// Response future of [`Transport`](crate::Transport).
    pub struct ResponseFuture {
        #[pin]
        kind: Kind,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind {
        Pool { #[pin] inner: PoolFuture },
        Other { inner: OtherFuture },
    }
}

impl ResponseFuture {
    pub(crate) fn pool(inner: PoolFuture) -> Self {
        Self {
            kind: Kind::Pool { inner },
        }
    }

    pub(crate) fn other(inner: OtherFuture) -> Self {
        Self {
            kind: Kind::Other { inner },
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
        match self.project().kind.project() {
            KindProj::Pool { inner } => inner
                .poll(cx)
                .map_ok(|res| res.map(TransportBody::incoming))
                .map_err(TransportError::new),
            KindProj::Other { inner } => inner.as_mut().poll(cx),
        }
    }
}
