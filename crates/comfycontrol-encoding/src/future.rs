use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::asked::{Asked, Fate};
use crate::body::DecompressionBody;
use crate::unexpected_content_encoding::UnexpectedContentEncoding;

pin_project! {
    /// Response future of [`Decompression`](crate::Decompression): decides by the head what becomes
    /// of the body.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        asked: Asked,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, asked: Asked) -> Self {
        Self { inner, asked }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: From<UnexpectedContentEncoding>,
{
    type Output = Result<Response<DecompressionBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let res = ready!(this.inner.poll(cx))?;
        Poll::Ready(match this.asked.fate(res.status(), res.headers()) {
            Fate::Pass => Ok(res.map(DecompressionBody::plain)),
            Fate::Refuse => Err(UnexpectedContentEncoding::new(res.status(), res.headers()).into()),
            #[cfg(feature = "gzip")]
            Fate::Decode => {
                let mut res = res.map(DecompressionBody::gzip);
                // They spoke of the body as it was sent.
                res.headers_mut().remove(http::header::CONTENT_ENCODING);
                res.headers_mut().remove(http::header::CONTENT_LENGTH);
                Ok(res)
            }
        })
    }
}
