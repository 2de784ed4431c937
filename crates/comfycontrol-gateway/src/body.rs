use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol::ResponseBody;
use comfycontrol_core::BoxError;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use pin_project_lite::pin_project;

use crate::record::{Ending, Record};

pin_project! {
    /// The body of a gateway's response: streamed from the API, of the gateway's own words, or of a
    /// page.
    ///
    /// What breaks off at the API fails here, so that no cut body looks whole.
    pub struct GatewayBody {
        #[pin]
        kind: Kind,
        // What is still to come, where that was said.
        left: Option<u64>,
        // Ends a stream of events when the gateway stops.
        stop: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        record: Option<Record>,
        // Why it breaks off, told once what came before has been written.
        broken: Option<BoxError>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind {
        Own { data: Option<Bytes>, is_cut: bool },
        Api { #[pin] body: ResponseBody },
        Page { #[pin] body: UnsyncBoxBody<Bytes, BoxError> },
    }
}

impl GatewayBody {
    fn of(kind: Kind) -> Self {
        let left = match &kind {
            Kind::Own { .. } => None,
            Kind::Api { body } => body.size_hint().exact(),
            Kind::Page { body } => body.size_hint().exact(),
        };
        Self {
            kind,
            left,
            stop: None,
            record: None,
            broken: None,
        }
    }

    /// Bytes, after which the body breaks off if it `is_cut`.
    pub(crate) fn bytes(data: Bytes, is_cut: bool) -> Self {
        let data = Some(data).filter(|data| !data.is_empty());
        Self::of(Kind::Own { data, is_cut })
    }

    pub(crate) fn api(body: ResponseBody) -> Self {
        Self::of(Kind::Api { body })
    }

    pub(crate) fn page(body: UnsyncBoxBody<Bytes, BoxError>) -> Self {
        Self::of(Kind::Page { body })
    }

    pub(crate) fn ended_by(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(Box::pin(stop));
        self
    }

    pub(crate) fn recorded_by(mut self, mut record: Record) -> Self {
        // Of a response to HEAD, no body is asked for.
        if record.is_of_head() || self.is_over() {
            record.end(Ending::Whole);
        }
        self.record = Some(record);
        self
    }

    fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Own { data, is_cut } => data.is_none() && !is_cut,
            Kind::Api { body } => body.is_end_stream() || self.left == Some(0),
            Kind::Page { body } => body.is_end_stream() || self.left == Some(0),
        }
    }
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.as_mut().project();
        if let Some(stop) = this.stop
            && stop.as_mut().poll(cx).is_ready()
        {
            *this.stop = None;
            this.kind.set(Kind::Own {
                data: None,
                is_cut: false,
            });
            if let Some(record) = this.record {
                record.end(Ending::Stopped);
            }
            return Poll::Ready(None);
        }
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = ready!(this.kind.as_mut().poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let bytes = data.len() as u64;
            *this.left = this.left.map(|left| left.saturating_sub(bytes));
            if let Some(record) = this.record {
                record.sent(bytes);
            }
        }
        let ending = match &frame {
            None => Some(Ending::Whole),
            Some(Err(_)) => Some(Ending::Cut),
            Some(Ok(_)) => self.is_over().then_some(Ending::Whole),
        };
        if let (Some(ending), Some(record)) = (ending, self.as_mut().project().record) {
            record.end(ending);
        }
        match frame {
            Some(Err(error)) => {
                // The server writes when there is nothing to read, and drops all of it on an error.
                *self.project().broken = Some(error);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            frame => Poll::Ready(frame),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own { data, is_cut } => data.is_none() && !is_cut,
            Kind::Api { body } => body.is_end_stream(),
            Kind::Page { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own { is_cut: true, .. } => SizeHint::default(),
            Kind::Own { data, .. } => {
                SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64))
            }
            Kind::Api { body } => body.size_hint(),
            Kind::Page { body } => body.size_hint(),
        }
    }
}

impl Kind {
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project() {
            KindProj::Own { data, is_cut } => Poll::Ready(match data.take() {
                Some(data) => Some(Ok(Frame::data(data))),
                None if std::mem::take(is_cut) => {
                    Some(Err("the response of the API broke off".into()))
                }
                None => None,
            }),
            KindProj::Api { body } => body.poll_frame(cx).map_err(Into::into),
            KindProj::Page { body } => body.poll_frame(cx),
        }
    }
}

impl fmt::Debug for GatewayBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBody")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
