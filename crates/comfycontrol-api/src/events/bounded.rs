use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use comfycontrol::{BodyTooLarge, Error, ResponseBody};
use http_body::{Body as HttpBody, Frame};
use pin_project_lite::pin_project;

pin_project! {
    /// A body that fails when an event does not end: the parser above it keeps all of it in memory.
    pub(super) struct Bounded {
        #[pin]
        inner: ResponseBody,
        block: Block,
    }
}

impl Bounded {
    pub(super) fn new(inner: ResponseBody) -> Self {
        Self {
            inner,
            block: Block::default(),
        }
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && !this.block.takes(data, MAX_EVENT)
        {
            let context = this.inner.context();
            let error = context.error(BodyTooLarge::new(context.status(), MAX_EVENT));
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(frame)
    }
}

/// How much of an event has come that has not ended: no I/O.
///
/// Comments, which keep a quiet stream alive, are no part of one.
#[derive(Debug, Default)]
struct Block {
    /// Bytes of its lines that have ended.
    lines: usize,
    /// Bytes of the line that has not.
    line: usize,
    is_comment: bool,
    /// The last byte was a CR, and an LF after it ends no line of its own.
    after_cr: bool,
}

impl Block {
    /// Takes more of the stream in; false if an event is larger than `max` bytes.
    fn takes(&mut self, data: &[u8], max: usize) -> bool {
        data.split_inclusive(|byte| matches!(byte, b'\n' | b'\r'))
            .all(|piece| self.takes_piece(piece) <= max)
    }

    /// Takes what is left of a line or a part of it; the size of the event at that point.
    fn takes_piece(&mut self, piece: &[u8]) -> usize {
        let after_cr = mem::replace(&mut self.after_cr, piece.ends_with(b"\r"));
        if after_cr && piece == b"\n" {
            return self.lines;
        }
        let (text, ended) = match piece.split_last() {
            Some((b'\n' | b'\r', text)) => (text, true),
            _ => (piece, false),
        };
        if self.line == 0 {
            self.is_comment = text.first() == Some(&b':');
        }
        self.line += text.len();
        let size = self.lines + self.line;
        if ended {
            self.lines = match self.line {
                0 => 0,
                _ if self.is_comment => self.lines,
                _ => size,
            };
            self.line = 0;
        }
        size
    }
}

const MAX_EVENT: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The obvious model: the bytes since the last empty line, comments and ends of lines
        /// apart.
        #[test]
        fn an_event_is_measured_however_it_is_cut(
            stream in prop::collection::vec("(:|data:|x)?y{0,20}(\n|\r|\r\n|)", 0..20),
            cut in 1usize..30,
            max in 5usize..60,
        ) {
            let stream = stream.concat();
            let (mut fits, mut size) = (true, 0);
            for line in stream.replace("\r\n", "\n").split(['\n', '\r']) {
                fits &= size + line.len() <= max;
                size = match line {
                    "" => 0,
                    line if line.starts_with(':') => size,
                    line => size + line.len(),
                };
            }
            let mut block = Block::default();
            let taken = stream.as_bytes().chunks(cut).all(|piece| block.takes(piece, max));
            prop_assert_eq!(taken, fits, "{:?}", stream);
        }
    }
}
