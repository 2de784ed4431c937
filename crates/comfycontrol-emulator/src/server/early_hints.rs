//! Informational responses (RFC 9110 §15.2), which hyper's server cannot send.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many `103 Early Hints` go out before anything else does; one for a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct EarlyHints(Arc<AtomicU32>);

impl EarlyHints {
    pub(super) fn send(&self, hints: u32) {
        self.0.store(hints, Ordering::Relaxed);
    }
}

/// An HTTP/1.1 connection that sends its hints before what is written next.
#[derive(Debug)]
pub(super) struct Hinting<T> {
    inner: T,
    hints: EarlyHints,
    /// Bytes of hints that are still to be sent.
    left: usize,
    /// Many hints, to be sent at once.
    page: Vec<u8>,
}

impl<T> Hinting<T> {
    pub(super) fn new(inner: T, hints: EarlyHints) -> Self {
        Self {
            inner,
            hints,
            left: 0,
            page: Vec::new(),
        }
    }
}

impl<T: AsyncWrite + Unpin> Hinting<T> {
    fn poll_hints(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            self.left = self.hints.0.swap(0, Ordering::Relaxed) as usize * HINT.len();
            if self.left > 0 {
                self.page = HINT.repeat(64);
            }
        }
        while self.left > 0 {
            // Where the hint under way goes on.
            let at = (HINT.len() - self.left % HINT.len()) % HINT.len();
            let end = self.page.len().min(at + self.left);
            let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.page[at..end]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.left -= sent;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Hinting<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Hinting<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_hints(cx))?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_hints(cx))?;
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

const HINT: &[u8] = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
