//! Looks at what an HTTP/2 connection carries, on the way to hyper.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frames::{Frames, Said};

/// Who is told of an HTTP/2 connection.
pub(crate) trait Observe {
    /// The server allows so many streams at once.
    fn limited(&self, streams: usize);

    /// Unread responses take most of the connection's window, or do so no longer.
    fn stalled(&self, stalled: bool);

    /// The server takes no more requests.
    fn leaving(&self);
}

/// A connection that is looked at.
pub(crate) type Watched<S, O> = TokioIo<Watching<TokioIo<S>, O>>;

/// Looks at a connection whose window is so large.
pub(crate) fn watched<S, O: Observe>(stream: S, window: u32, observer: O) -> Watched<S, O> {
    TokioIo::new(Watching {
        inner: TokioIo::new(stream),
        read: Frames::of_server(),
        written: Frames::of_client(),
        watch: Watch {
            observer,
            window: window.into(),
            left: INITIAL_WINDOW,
            stalled: false,
            is_limited: false,
        },
    })
}

#[derive(Debug)]
pub(crate) struct Watching<S, O> {
    inner: S,
    read: Frames,
    written: Frames,
    watch: Watch<O>,
}

#[derive(Debug)]
struct Watch<O> {
    observer: O,
    window: i64,
    /// What the server may still send, as far as it has been told.
    left: i64,
    stalled: bool,
    is_limited: bool,
}

impl<O: Observe> Watch<O> {
    fn see(&mut self, said: Said) {
        match said {
            Said::Data(bytes) => {
                self.left -= i64::from(bytes);
                // h2 gives the window back when a third of it has been read: this much is not.
                if !self.stalled && self.left < self.window / 4 {
                    self.stalled = true;
                    self.observer.stalled(true);
                }
            }
            Said::Window(bytes) => {
                // Never more than there is, whatever is written twice.
                self.left = self.window.min(self.left + i64::from(bytes));
                if self.stalled && self.left >= self.window / 2 {
                    self.stalled = false;
                    self.observer.stalled(false);
                }
            }
            Said::MaxStreams(streams) => {
                self.is_limited = true;
                self.observer.limited(streams as usize);
            }
            Said::Settings if !self.is_limited => {
                self.is_limited = true;
                self.observer.limited(usize::MAX);
            }
            Said::Settings => {}
            Said::GoAway => self.observer.leaving(),
        }
    }
}

impl<S, O: Observe> Watching<S, O> {
    fn wrote(&mut self, bytes: &[u8]) {
        self.written.take(bytes, |said| {
            // Of ours, only the windows that we give are of interest.
            if matches!(said, Said::Window(_)) {
                self.watch.see(said);
            }
        });
    }
}

impl<S: AsyncRead + Unpin, O: Observe + Unpin> AsyncRead for Watching<S, O> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        let read = &buf.filled()[before..];
        this.read.take(read, |said| this.watch.see(said));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, O: Observe + Unpin> AsyncWrite for Watching<S, O> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.wrote(buf.get(..written).unwrap_or(buf));
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, bufs))?;
        let mut left = written;
        for buf in bufs {
            let taken = left.min(buf.len());
            self.wrote(&buf[..taken]);
            left -= taken;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// As long as no other has been agreed on (RFC 9113 §6.9.2).
const INITIAL_WINDOW: i64 = 65_535;
