//! A connection that can be cut, as a network would, and that ends in good order otherwise.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A TCP stream that breaks off once its [`Cut`] is made.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    cut: Cut,
    /// The wait for the peer's end.
    linger: Option<Pin<Box<Sleep>>>,
}

/// The scissors of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cut: AtomicU8,
    lingers: AtomicBool,
}

impl Cut {
    /// Lets nothing more through; the next write fails and the peer sees a reset.
    pub(crate) fn reset(&self) {
        self.0.cut.store(RESET, Ordering::Relaxed);
    }

    /// Lets nothing more through; the next write fails and the peer sees an end.
    pub(crate) fn close(&self) {
        self.0.cut.store(CLOSED, Ordering::Relaxed);
    }

    /// Whether an orderly end waits until the peer has read the response: unread bytes of a request
    /// would turn it into a reset, which may overtake the response (RFC 9112 §9.6).
    pub(crate) fn linger(&self, lingers: bool) {
        self.0.lingers.store(lingers, Ordering::Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        match self.0.cut.load(Ordering::Relaxed) {
            WHOLE => Ok(()),
            CLOSED => Err(io::ErrorKind::BrokenPipe.into()),
            _ => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, cut: Cut) -> Self {
        Self {
            stream,
            cut,
            linger: None,
        }
    }

    /// Reads what the peer still sends, until it ends or too long.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        while linger.as_mut().poll(cx).is_pending() {
            let mut scraps = [0; 4096];
            let mut scraps = ReadBuf::new(&mut scraps);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut scraps));
            if read.is_err() || scraps.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.cut.0.cut.load(Ordering::Relaxed) == RESET {
            // Where the system does not do it, the peer sees an orderly end instead of a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if self.cut.0.lingers.load(Ordering::Relaxed) {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

const WHOLE: u8 = 0;
const CLOSED: u8 = 1;
const RESET: u8 = 2;
/// Longer than a client on the same machine takes to read a response.
const LINGER: Duration = Duration::from_secs(1);
