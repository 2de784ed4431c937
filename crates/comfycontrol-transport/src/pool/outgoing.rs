//! The body of a request, as far as it can be sent again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::Request;
use http_body::{Body, Frame, SizeHint};

/// A body whose first frame may have been taken from it already.
pub(crate) struct Outgoing<B> {
    /// Boxed: a frame has room for trailers, and most requests have no body.
    first: Option<Box<Result<Frame<Bytes>, BoxError>>>,
    /// `None` if nothing follows.
    rest: Option<B>,
}

impl<B> Outgoing<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: B) -> Self {
        let rest = (!body.is_end_stream()).then_some(body);
        Self { first: None, rest }
    }

    /// Takes what there is at once, by which a short body is known as a whole. It waits for
    /// nothing.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(rest) = self.rest.as_mut().filter(|_| self.first.is_none())
            && let Poll::Ready(frame) = Pin::new(&mut *rest).poll_frame(cx)
        {
            if frame.is_none() || rest.is_end_stream() {
                self.rest = None;
            }
            self.first = frame.map(|frame| Box::new(frame.map_err(Into::into)));
        }
        Poll::Ready(())
    }

    /// The same again, if that is at hand: nothing, or a few bytes.
    fn copy(&self) -> Option<Self> {
        let first = match (self.first.as_deref(), &self.rest) {
            (None, None) => None,
            (Some(Ok(frame)), None) => {
                let data = frame.data_ref().filter(|data| data.len() <= KEPT)?;
                Some(Box::new(Ok(Frame::data(data.clone()))))
            }
            _ => return None,
        };
        Some(Self { first, rest: None })
    }
}

/// A request on its way to a connection. Boxed: each future on that way would have room for it.
pub(crate) type BoxRequest<B> = Box<Request<Outgoing<B>>>;

/// The same request again, if its body is at hand.
pub(super) fn copy<B>(req: &Request<Outgoing<B>>) -> Option<BoxRequest<B>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let mut copy = Request::new(req.body().copy()?);
    *copy.method_mut() = req.method().clone();
    *copy.uri_mut() = req.uri().clone();
    *copy.version_mut() = req.version();
    copy.headers_mut().clone_from(req.headers());
    copy.extensions_mut().clone_from(req.extensions());
    Some(Box::new(copy))
}

impl<B> Body for Outgoing<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(*first));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(rest).poll_frame(cx));
        if frame.is_none() {
            self.rest = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let first = match self.first.as_deref() {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len) as u64,
            _ => 0,
        };
        let Some(rest) = &self.rest else {
            return SizeHint::with_exact(first);
        };
        let rest = rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint
    }
}

/// A body that is longer is not kept for another time.
const KEPT: usize = 64 * 1024;
