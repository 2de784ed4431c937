use std::error::Error;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::Body;
use pin_project_lite::pin_project;

use crate::reader::Reader;

/// Reads a body to its end, and so lets its request be sent again wherever it breaks off.
///
/// No byte of it is handed out before the last has come: a [`RetryBody`](crate::RetryBody) that
/// breaks off halfway begins again, as if nothing was handed on. Bodies around it must pass its
/// data on as it is. More than `max` bytes are an error, and the rest is not read.
///
/// ```
/// use comfycontrol_retry::{CollectError, collect};
/// use http_body_util::Full;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let body = || Full::<bytes::Bytes>::from("whole");
/// assert_eq!(collect(body(), 5).await.unwrap(), "whole");
/// assert!(matches!(collect(body(), 4).await, Err(CollectError::TooLarge)));
/// # }
/// ```
pub fn collect<B: Body>(body: B, max: usize) -> Collect<B> {
    Collect {
        body,
        max,
        first: Bytes::new(),
        more: Vec::new(),
        len: 0,
    }
}

pin_project! {
    /// Future of [`collect`](crate::collect()).
    pub struct Collect<B> {
        #[pin]
        body: B,
        max: usize,
        // Most often the only piece.
        first: Bytes,
        more: Vec<Bytes>,
        len: usize,
    }
}

impl<B: Body> Future for Collect<B> {
    type Output = Result<Bytes, CollectError<B::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            // Most bodies know that they have ended, and need not be asked once more.
            let (frame, starts_over) = match this.body.is_end_stream() {
                true => (Poll::Ready(None), false),
                false => Reader::keep(|| this.body.as_mut().poll_frame(cx)),
            };
            if starts_over {
                *this.first = Bytes::new();
                this.more.clear();
                *this.len = 0;
            }
            let frame = match ready!(frame) {
                Some(frame) => frame.map_err(CollectError::Body)?,
                None => {
                    let (first, more) = (mem::take(this.first), mem::take(this.more));
                    return Poll::Ready(Ok(joined(first, more, *this.len)));
                }
            };
            // Trailers are dropped.
            let Ok(mut data) = frame.into_data() else {
                continue;
            };
            let more = data.remaining();
            if more > *this.max - *this.len {
                return Poll::Ready(Err(CollectError::TooLarge));
            }
            if more > 0 {
                // No copy where it is `Bytes` already.
                let piece = data.copy_to_bytes(more);
                if *this.len == 0 {
                    *this.first = piece;
                } else {
                    this.more.push(piece);
                }
                *this.len += more;
            }
        }
    }
}

/// No copy where it is one piece.
fn joined(first: Bytes, more: Vec<Bytes>, len: usize) -> Bytes {
    if more.is_empty() {
        return first;
    }
    let mut all = Vec::with_capacity(len);
    all.extend_from_slice(&first);
    more.iter().for_each(|piece| all.extend_from_slice(piece));
    all.into()
}

impl<B> fmt::Debug for Collect<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collect")
            .field("max", &self.max)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// A body was not read to its end.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "nothing else can happen to a body")]
pub enum CollectError<E> {
    /// It broke off.
    Body(E),
    /// It is larger than was allowed.
    TooLarge,
}

impl<E> fmt::Display for CollectError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body(_) => "body broke off",
            Self::TooLarge => "body is larger than allowed",
        })
    }
}

impl<E: Error + 'static> Error for CollectError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Body(e) => Some(e),
            Self::TooLarge => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::io;

    use http_body::Frame;

    use super::*;

    /// After its last piece it must not be asked.
    struct Pieces(VecDeque<Bytes>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = self.0.pop_front().expect("it has not ended");
            Poll::Ready(Some(Ok(Frame::data(piece))))
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_empty()
        }
    }

    #[tokio::test]
    async fn a_body_that_has_ended_is_not_asked_for_more_and_its_only_piece_is_not_copied() {
        let piece = Bytes::from(vec![b'a'; 100]);
        // One without bytes is none.
        for pieces in [vec![piece.clone()], vec![piece.clone(), Bytes::new()]] {
            let collected = collect(Pieces(pieces.into()), 100).await.unwrap();
            assert_eq!((collected.as_ptr(), collected.len()), (piece.as_ptr(), 100));
        }
        let none = collect(Pieces(VecDeque::new()), 0).await.unwrap();
        assert_eq!(none, "");
    }

    #[test]
    fn an_error_says_what_became_of_the_body() {
        let broken = CollectError::Body(io::Error::other("reset"));
        assert_eq!(broken.to_string(), "body broke off");
        assert_eq!(broken.source().unwrap().to_string(), "reset");
        let large = CollectError::<io::Error>::TooLarge;
        assert_eq!(large.to_string(), "body is larger than allowed");
        assert!(large.source().is_none());
    }
}
