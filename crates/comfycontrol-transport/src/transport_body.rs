use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use pin_project_lite::pin_project;

use crate::error::{MessageFault, without_quotes};
use crate::framing::number;
use crate::pool::{Held, Received};

pin_project! {
    /// Response body of [`Transport`](crate::Transport), as it comes off the wire: encoded as it
    /// was sent, and not bounded.
    ///
    /// It is counted against its `Content-Length`: one that ends early is an error that says by how
    /// many bytes, over HTTP/2 as well, where a server may end a stream anywhere and call that no
    /// error (RFC 9113 §8.1). Without a length an early end cannot be told from the end, other than
    /// where HTTP/1.1 sends in chunks.
    ///
    /// The body of a response to `HEAD`, and of a 304, is empty, and its size hint is what the
    /// `Content-Length` announces.
    ///
    /// Its errors show nothing a server wrote into them, other than masked, escaped and cut short.
    #[derive(Debug)]
    pub struct TransportBody {
        #[pin]
        kind: BodyKind,
        expected: Expected,
        // What the body has of its connection, until it ends.
        held: Option<Held>,
    }
}

/// What is still to come, by the response's `Content-Length`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    /// There was none.
    Unknown,
    Bytes(u64),
    /// Nothing, whatever is announced.
    Nothing {
        announced: Option<u64>,
    },
    /// The length was wrong, and that was told.
    Failed,
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
    pub(crate) fn boxed<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            kind: BodyKind::Boxed {
                body: body.map_err(Into::into).boxed_unsync(),
            },
            expected: Expected::Unknown,
            held: None,
        }
    }

    /// What is to come by the head of its response (RFC 9110 §6.4.1, §8.6).
    pub(crate) fn expected(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        to_head: bool,
    ) -> Expected {
        let announced = || {
            let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
            lengths
                .next()
                .and_then(number)
                .filter(|_| lengths.next().is_none())
        };
        if to_head || status == StatusCode::NOT_MODIFIED {
            let announced = announced();
            Expected::Nothing { announced }
        } else if status == StatusCode::NO_CONTENT || status.is_informational() {
            let announced = Some(0);
            Expected::Nothing { announced }
        } else {
            let bytes = match &self.kind {
                // Known already, and none where the length does not hold: in chunks.
                BodyKind::Incoming { body } => body.size_hint().exact(),
                BodyKind::Boxed { .. } => announced(),
            };
            bytes.map_or(Expected::Unknown, Expected::Bytes)
        }
    }

    /// Counts the body against this.
    pub(crate) fn expect(&mut self, expected: Expected) {
        self.expected = expected;
    }
}

impl Received for TransportBody {
    fn received(body: Incoming, held: Option<Held>) -> Self {
        Self {
            kind: BodyKind::Incoming { body },
            expected: Expected::Unknown,
            held,
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
        let this = self.project();
        if *this.expected == Expected::Failed {
            return Poll::Ready(None);
        }
        let frame = match this.kind.project() {
            BodyKindProj::Incoming { mut body } => {
                let frame = ready!(body.as_mut().poll_frame(cx));
                let more = matches!(frame, Some(Ok(_)));
                if this.held.is_some() && (!more || body.is_end_stream()) {
                    *this.held = None;
                }
                frame.map(|frame| frame.map_err(Into::into))
            }
            BodyKindProj::Boxed { body } => ready!(body.poll_frame(cx)),
        };
        Poll::Ready(match this.expected.take(frame.as_ref()) {
            Ok(()) => frame.map(|frame| {
                // Here, so that no layer further out can show them.
                frame.map_err(without_quotes)
            }),
            Err(fault) => Some(Err(fault.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        match (self.expected, &self.kind) {
            // A reader that does not ask for more would not learn that it is missing.
            (Expected::Bytes(1..), _) => false,
            (Expected::Failed, _) => true,
            // Over HTTP/2 that takes a lock.
            (_, BodyKind::Incoming { body }) => body.is_end_stream(),
            (_, BodyKind::Boxed { body }) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (self.expected, &self.kind) {
            (Expected::Bytes(left), _) => SizeHint::with_exact(left),
            (Expected::Nothing { announced }, _) => {
                announced.map(SizeHint::with_exact).unwrap_or_default()
            }
            (Expected::Failed, _) => SizeHint::with_exact(0),
            (Expected::Unknown, BodyKind::Incoming { body }) => body.size_hint(),
            (Expected::Unknown, BodyKind::Boxed { body }) => body.size_hint(),
        }
    }
}

impl Expected {
    /// Counts what has come.
    fn take(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>) -> Result<(), MessageFault> {
        let Self::Bytes(left) = *self else {
            return Ok(());
        };
        let fault = match frame {
            Some(Ok(frame)) => {
                let came = frame.data_ref().map_or(0, |data| data.len() as u64);
                if let Some(left) = left.checked_sub(came) {
                    *self = Self::Bytes(left);
                    return Ok(());
                }
                MessageFault::TooLong
            }
            None if left > 0 => MessageFault::EndedEarly(left),
            None => return Ok(()),
            Some(Err(_)) => {
                *self = Self::Failed;
                return Ok(());
            }
        };
        *self = Self::Failed;
        Err(fault)
    }
}
