//! A connection that can be cut after some more bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The scissors of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Cut(Arc<State>);

#[derive(Debug)]
struct State {
    /// Bytes that may still be written.
    left: AtomicUsize,
    resets: AtomicBool,
}

impl Cut {
    /// Lets so many bytes more through, and then resets the connection.
    pub(crate) fn after(&self, bytes: usize) {
        self.0.left.store(bytes, Ordering::Relaxed);
        self.reset();
    }

    /// Has the connection end by a reset, when it ends.
    pub(crate) fn reset(&self) {
        self.0.resets.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> (Self, Cut) {
        let cut = Cut(Arc::new(State {
            left: AtomicUsize::new(usize::MAX),
            resets: AtomicBool::new(false),
        }));
        let wire = Self {
            stream,
            cut: cut.clone(),
        };
        (wire, cut)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.cut.0.resets.load(Ordering::Relaxed) {
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
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let left = self.cut.0.left.load(Ordering::Relaxed);
        if left == usize::MAX {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        }
        if left == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let some = &bytes[..bytes.len().min(left)];
        let written = Pin::new(&mut self.stream).poll_write(cx, some);
        if let Poll::Ready(Ok(written)) = written {
            self.cut.0.left.store(left - written, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
