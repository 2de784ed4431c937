//! A body that does not leave before something has been written down.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol::Body;
use http_body::{Body as HttpBody, Frame, SizeHint};

type Noting = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Writes something down.
pub(super) type Note = Arc<dyn Fn() -> Noting + Send + Sync>;

/// Whether something could not be written down.
#[derive(Clone, Debug, Default)]
pub(super) struct Failed(Arc<AtomicBool>);

impl Failed {
    pub(super) fn is(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The same body. Nothing of it leaves before `note` is done; if that fails, nothing leaves at all.
pub(super) fn noted(body: Body, note: Note, failed: Failed) -> Body {
    if body.try_clone().is_none() {
        return Body::wrap(Noted::new(&note, body, failed));
    }
    let (length, body) = (body.content_length(), Mutex::new(body));
    Body::replayable(length, move || {
        let body = body.lock().unwrap_or_else(PoisonError::into_inner);
        // It has not begun to leave.
        let body = body.try_clone().unwrap_or_default();
        Noted::new(&note, body, failed.clone())
    })
}

struct Noted {
    noting: Option<Noting>,
    failed: Failed,
    body: Body,
}

impl Noted {
    fn new(note: &Note, body: Body, failed: Failed) -> Self {
        let noting = Some(note());
        Self {
            noting,
            failed,
            body,
        }
    }
}

impl HttpBody for Noted {
    type Data = Bytes;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Some(noting) = &mut this.noting {
            let noted = ready!(noting.as_mut().poll(cx));
            this.noting = None;
            if let Err(e) = noted {
                this.failed.0.store(true, Ordering::Release);
                this.body = Body::empty();
                return Poll::Ready(Some(Err(e.into())));
            }
        }
        Pin::new(&mut this.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.noting.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
