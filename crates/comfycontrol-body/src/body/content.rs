//! What a body holds, and how far it has been sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http_body::{Body as _, Frame};

use super::counted::{BoxBody, poll_counted};

/// Is told how many bytes have been handed on in all.
type Progress = Arc<dyn Fn(u64) + Send + Sync>;

pub(super) struct Content {
    kind: Kind,
    started: bool,
    /// The bytes that have been handed on.
    pub(super) sent: u64,
    pub(super) on_progress: Option<Progress>,
}

pub(super) enum Kind {
    Bytes(Bytes),
    Concat(VecDeque<Content>),
    Once {
        body: BoxBody,
        len: Option<u64>,
    },
    Replay {
        make: Arc<dyn Fn() -> BoxBody + Send + Sync>,
        open: Option<BoxBody>,
        len: Option<u64>,
    },
}

impl Content {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            started: false,
            sent: 0,
            on_progress: None,
        }
    }

    pub(super) fn try_clone(&self) -> Option<Self> {
        // What has begun to leave is no longer whole.
        if self.started {
            return None;
        }
        let kind = match &self.kind {
            Kind::Bytes(bytes) => Kind::Bytes(bytes.clone()),
            Kind::Concat(parts) => {
                Kind::Concat(parts.iter().map(Self::try_clone).collect::<Option<_>>()?)
            }
            Kind::Once { .. } => return None,
            Kind::Replay { make, len, .. } => Kind::Replay {
                make: Arc::clone(make),
                open: None,
                len: *len,
            },
        };
        Some(Self {
            on_progress: self.on_progress.clone(),
            ..Self::new(kind)
        })
    }

    pub(super) fn length(&self) -> Option<u64> {
        match &self.kind {
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Concat(parts) => parts
                .iter()
                .try_fold(0u64, |sum, part| sum.checked_add(part.length()?)),
            Kind::Once { len, .. } | Kind::Replay { len, .. } => *len,
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Concat(parts) => parts.iter().all(Self::is_end_stream),
            // Not before all that was announced has come, or the lack would go unnoticed.
            Kind::Once { body, len } => body.is_end_stream() && matches!(len, None | Some(0)),
            Kind::Replay { open, len, .. } => {
                let ended = open.as_ref().is_some_and(BoxBody::is_end_stream);
                *len == Some(0) || (ended && len.is_none())
            }
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.started = true;
        let frame = ready!(self.kind.poll_frame(cx));
        if let (Some(Ok(frame)), Some(tell)) = (&frame, &self.on_progress)
            && let Some(data) = frame.data_ref()
        {
            self.sent += data.len() as u64;
            tell(self.sent);
        }
        Poll::Ready(frame)
    }
}

impl Kind {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Concat(parts) => {
                while let Some(part) = parts.front_mut() {
                    match ready!(part.poll_frame(cx)) {
                        // The trailers of a part have no place in the whole.
                        Some(Ok(frame)) if frame.is_trailers() => {}
                        Some(frame) => return Poll::Ready(Some(frame)),
                        None => drop(parts.pop_front()),
                    }
                }
                Poll::Ready(None)
            }
            Self::Once { body, len } => poll_counted(body, len, cx),
            Self::Replay { make, open, len } => {
                poll_counted(open.get_or_insert_with(|| make()), len, cx)
            }
        }
    }
}
