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

use super::coding::{Coding, Encoder};
use super::damage::{After, Damage, DamageKind};
use super::ending::Ending;

/// Body of the emulator's responses: whole, slow, endless or broken.
///
/// Waits by tokio's clock, so that a paused one drives it.
#[derive(Debug)]
pub struct Body {
    kind: Kind,
    /// What codes the pieces of a body that is not whole.
    encoder: Option<Box<Encoder>>,
    damage: Option<Box<(DamageKind, Left)>>,
    /// The wait before an end that must not overtake the data.
    pause: Option<Pin<Box<Sleep>>>,
    /// Whether a byte order mark comes before the pieces of a body that is not whole.
    marked: bool,
    /// Whether nothing is told of the length.
    hidden: bool,
    /// Whether the connection may end with the body.
    abrupt: bool,
}

#[derive(Debug)]
enum Kind {
    Script(VecDeque<Step>, Option<Pin<Box<Sleep>>>),
    Streamed(Pieces),
    Whole(Bytes),
}

/// What is sent before the damage is done.
#[derive(Clone, Copy, Debug)]
enum Left {
    Bytes(usize),
    OnePiece,
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

    /// The bytes, if they are all there.
    pub(crate) fn whole(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Whole(bytes) => Some(bytes),
            Kind::Script(..) | Kind::Streamed(_) => None,
        }
    }

    /// The same body, with what happens to it on the way.
    pub(crate) fn damaged(mut self, Damage { after, kind }: Damage) -> Self {
        let left = match (after, &mut self.kind) {
            (After::Half, Kind::Whole(bytes)) => {
                let half = bytes.len() / 2;
                if kind == DamageKind::Truncate {
                    bytes.truncate(half);
                    return self;
                }
                Left::Bytes(half)
            }
            (After::Half, _) => Left::OnePiece,
            (After::Bytes(left), _) => Left::Bytes(left),
        };
        self.damage = Some(Box::new((kind, left)));
        self
    }

    /// The same body, coded.
    pub(crate) fn encoded(mut self, coding: &Coding) -> Self {
        match &mut self.kind {
            Kind::Whole(bytes) => *bytes = coding.encode(bytes).into(),
            Kind::Script(..) | Kind::Streamed(_) => {
                self.encoder = Some(Box::new(Encoder::new(coding)))
            }
        }
        self
    }

    /// The same body after a byte order mark.
    pub(crate) fn marked(mut self) -> Self {
        match &mut self.kind {
            Kind::Whole(bytes) => *bytes = [BYTE_ORDER_MARK, bytes].concat().into(),
            Kind::Script(..) | Kind::Streamed(_) => self.marked = true,
        }
        self
    }

    /// The same body, whose length is not told.
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The same body, whose connection may end with it.
    pub(crate) fn abrupt(mut self) -> Self {
        self.abrupt = true;
        self
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            encoder: None,
            damage: None,
            pause: None,
            marked: false,
            hidden: false,
            abrupt: false,
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyReset>>> {
        let data = match &mut self.kind {
            _ if std::mem::take(&mut self.marked) => Some(Bytes::from_static(BYTE_ORDER_MARK)),
            Kind::Whole(bytes) if bytes.is_empty() => None,
            Kind::Whole(bytes) => Some(std::mem::take(bytes)),
            Kind::Script(steps, pause) => ready!(poll_script(steps, pause, cx)?),
            Kind::Streamed(pieces) => ready!(pieces.0.as_mut().poll_next(cx)),
        };
        let data = match (&mut self.encoder, data) {
            (Some(encoder), Some(data)) => Some(encoder.piece(&data, true).into()),
            (Some(encoder), None) => {
                let end = encoder.end();
                self.encoder = None;
                Some(end)
            }
            (None, data) => data,
        };
        Poll::Ready(data.map(Ok))
    }

    /// What was sent is given the time to leave.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(FLUSH)));
        pause.as_mut().poll(cx)
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
        match this.damage.as_deref().copied() {
            Some((DamageKind::End(ending), Left::Bytes(0))) => {
                ready!(this.poll_pause(cx));
                return Poll::Ready(Some(Err(BodyReset(ending))));
            }
            Some((DamageKind::Stall, Left::Bytes(0))) => return Poll::Pending,
            Some((DamageKind::Truncate, Left::Bytes(0))) => return Poll::Ready(None),
            None | Some(_) => {}
        }
        let Some(data) = ready!(this.poll_data(cx)?) else {
            if this.abrupt {
                ready!(this.poll_pause(cx));
            }
            return Poll::Ready(None);
        };
        let mut data = data;
        match this.damage.as_deref_mut() {
            None => {}
            Some((_, Left::Bytes(left))) => {
                data.truncate(*left);
                *left -= data.len();
            }
            Some((_, left @ Left::OnePiece)) => *left = Left::Bytes(0),
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        let empty = self.whole().is_some_and(Bytes::is_empty);
        empty && self.damage.is_none() && !self.hidden
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            // A damaged body announces all its bytes, like the real one that breaks off.
            Kind::Whole(bytes) if !self.hidden => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

fn poll_script(
    steps: &mut VecDeque<Step>,
    pause: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Bytes>, BodyReset>> {
    loop {
        if let Some(sleeping) = pause {
            ready!(sleeping.as_mut().poll(cx));
            *pause = None;
        }
        match steps.pop_front() {
            None => return Poll::Ready(Ok(None)),
            Some(Step::Data(data)) => return Poll::Ready(Ok(Some(data))),
            Some(Step::Pause(duration)) => *pause = Some(Box::pin(sleep(duration))),
            Some(Step::Reset) => return Poll::Ready(Err(BodyReset(Ending::Reset))),
        }
    }
}

/// Error of a [`Body`]: it ended before it was whole.
#[derive(Debug)]
pub struct BodyReset(Ending);

impl BodyReset {
    /// How the response ended.
    pub fn ending(&self) -> Ending {
        self.0
    }
}

impl fmt::Display for BodyReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Ending::Close => "connection closed in the body",
            Ending::Reset => "connection reset in the body",
            _ => "stream reset in the body",
        })
    }
}

impl Error for BodyReset {}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What a server needs to send what it has before a reset makes it forget it.
pub(super) const FLUSH: Duration = Duration::from_millis(20);
