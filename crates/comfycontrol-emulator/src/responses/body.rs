//! Response bodies: whole, scripted, streamed, or damaged on the way.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Body of the emulator's responses: whole, slow, endless or broken.
///
/// Waits by tokio's clock, so that a paused one drives it.
#[derive(Debug)]
pub struct Body {
    kind: Kind,
    damage: Option<Damage>,
    /// The wait before a reset.
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether any data has been handed out.
    begun: bool,
}

#[derive(Debug)]
enum Kind {
    Script(VecDeque<Step>, Option<Pin<Box<Sleep>>>),
    Streamed(Pieces),
    Whole(Bytes),
}

/// The data of a body whose end is not known yet.
struct Pieces(Pin<Box<dyn Stream<Item = Bytes> + Send + Sync>>);

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").finish_non_exhaustive()
    }
}

/// One step of a scripted body.
#[derive(Debug)]
pub(super) enum Step {
    Data(Bytes),
    Pause(Duration),
    Reset,
}

/// What happens to a body after its first half, or its first piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Damage {
    Reset,
    Stall,
    Truncate,
}

impl Body {
    /// A body without bytes.
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// A body that takes these steps, one after the other.
    pub(super) fn script(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::new(Kind::Script(steps.into_iter().collect(), None))
    }

    /// A body of the pieces of this stream.
    pub(crate) fn streamed(pieces: impl Stream<Item = Bytes> + Send + Sync + 'static) -> Self {
        Self::new(Kind::Streamed(Pieces(Box::pin(pieces))))
    }

    /// The same body, with what happens to it on the way.
    pub(crate) fn damaged(mut self, damage: Damage) -> Self {
        if let (Kind::Whole(bytes), Damage::Truncate) = (&mut self.kind, damage) {
            bytes.truncate(bytes.len() / 2);
            return self;
        }
        self.damage = Some(damage);
        self
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            damage: None,
            pause: None,
            begun: false,
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::new(Kind::Whole(bytes.into()))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyReset;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyReset>>> {
        let this = self.get_mut();
        if this.begun {
            match this.damage {
                None => {}
                Some(Damage::Reset) => {
                    let pause = this.pause.get_or_insert_with(|| Box::pin(sleep(FLUSH)));
                    ready!(pause.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(BodyReset(()))));
                }
                Some(Damage::Stall) => return Poll::Pending,
                Some(Damage::Truncate) => return Poll::Ready(None),
            }
        }
        let frame = match &mut this.kind {
            Kind::Whole(bytes) if this.damage.is_some() => {
                Some(Ok(bytes.split_to(bytes.len() / 2)))
            }
            Kind::Whole(bytes) if bytes.is_empty() => None,
            Kind::Whole(bytes) => Some(Ok(std::mem::take(bytes))),
            Kind::Script(steps, pause) => ready!(poll_script(steps, pause, cx)),
            Kind::Streamed(pieces) => ready!(pieces.0.as_mut().poll_next(cx)).map(Ok),
        };
        this.begun = true;
        Poll::Ready(frame.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty() && self.damage.is_none(),
            Kind::Script(..) | Kind::Streamed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            // A damaged body announces all its bytes, like the real one that breaks off.
            Kind::Whole(bytes) if !self.begun || self.damage.is_none() => {
                SizeHint::with_exact(bytes.len() as u64)
            }
            _ => SizeHint::default(),
        }
    }
}

fn poll_script(
    steps: &mut VecDeque<Step>,
    pause: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, BodyReset>>> {
    loop {
        if let Some(sleeping) = pause {
            ready!(sleeping.as_mut().poll(cx));
            *pause = None;
        }
        match steps.pop_front() {
            None => return Poll::Ready(None),
            Some(Step::Data(data)) => return Poll::Ready(Some(Ok(data))),
            Some(Step::Pause(duration)) => *pause = Some(Box::pin(sleep(duration))),
            Some(Step::Reset) => return Poll::Ready(Some(Err(BodyReset(())))),
        }
    }
}

/// Error of a [`Body`]: the connection was reset before its end.
#[derive(Debug)]
pub struct BodyReset(());

impl fmt::Display for BodyReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection reset in the body")
    }
}

impl Error for BodyReset {}

/// What a server needs to send what it has before a reset makes it forget it.
pub(super) const FLUSH: Duration = Duration::from_millis(20);
