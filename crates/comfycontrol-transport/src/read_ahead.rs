//! Reads much at once under TLS: rustls asks for 4 KiB where it holds no part of a record, and for
//! the rest of one record, some 16 KiB, at most. Each is a call of the system.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use comfycontrol_core::BoxError;
use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::task::coop::poll_proceed;
use tower::ServiceExt;
use tower_service::Service;

use crate::carrier::BoxFuture;

/// Makes connections that read ahead where TLS is spoken over them.
#[derive(Clone)]
pub(crate) struct ReadingAhead<C>(C);

impl<C> ReadingAhead<C> {
    pub(crate) fn new(connector: C) -> Self {
        Self(connector)
    }
}

impl<C> Service<Uri> for ReadingAhead<C>
where
    C: Service<Uri> + Clone + Send + 'static,
    C::Response: Send,
    C::Error: Into<BoxError>,
    C::Future: Send,
{
    type Response = ReadAhead<C::Response>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `call` makes a connector of its own ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, dst: Uri) -> Self::Future {
        let capacity = match dst.scheme() == Some(&Scheme::HTTPS) {
            true => CAPACITY,
            false => 0,
        };
        let connecting = self.0.clone().oneshot(dst);
        Box::pin(async move {
            let inner = connecting.await.map_err(Into::into)?;
            Ok(ReadAhead::new(inner, capacity))
        })
    }
}

/// A connection of which more is read than was asked for, to be handed out later.
pub(crate) struct ReadAhead<S> {
    inner: S,
    buffer: Box<[u8]>,
    /// What is in it has been handed out so far, and goes so far.
    at: usize,
    filled: usize,
}

impl<S> ReadAhead<S> {
    fn new(inner: S, capacity: usize) -> Self {
        Self {
            inner,
            buffer: vec![0; capacity].into(),
            at: 0,
            filled: 0,
        }
    }
}

impl<S: Read + Unpin> Read for ReadAhead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.at == this.filled {
            if buf.remaining() >= this.buffer.len() {
                return Pin::new(&mut this.inner).poll_read(cx, buf);
            }
            let mut read = ReadBuf::new(&mut this.buffer);
            ready!(Pin::new(&mut this.inner).poll_read(cx, read.unfilled()))?;
            this.filled = read.filled().len();
            this.at = 0;
        } else {
            // A read like any other: with four records for one, a task would read 8 MiB of a large
            // response before others have their turn, and not 2.
            ready!(poll_proceed(cx)).made_progress();
        }
        let count = buf.remaining().min(this.filled - this.at);
        buf.put_slice(&this.buffer[this.at..this.at + count]);
        this.at += count;
        Poll::Ready(Ok(()))
    }
}

impl<S: Write + Unpin> Write for ReadAhead<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }
}

impl<S: Connection> Connection for ReadAhead<S> {
    fn connected(&self) -> Connected {
        self.inner.connected()
    }
}

/// Four records of TLS, each of which has 16 KiB at most (RFC 8446 §5.1).
const CAPACITY: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn all_that_is_read_ahead_is_handed_out_in_pieces_of_any_size() {
        for capacity in [0, 1, 5, 1_000] {
            let (near, mut far) = duplex(64);
            let sent: Vec<u8> = (0..=255).cycle().take(10_000).collect();
            let expected = sent.clone();
            let sending = tokio::spawn(async move { far.write_all(&sent).await });
            let mut near = TokioIo::new(ReadAhead::new(TokioIo::new(near), capacity));
            let mut got = Vec::new();
            for size in [1, 2, 3, 64, 100].into_iter().cycle() {
                let mut piece = vec![0; size];
                let read = near.read(&mut piece).await.unwrap();
                got.extend_from_slice(&piece[..read]);
                if read == 0 {
                    break;
                }
            }
            assert_eq!(got, expected, "{capacity}");
            sending.await.unwrap().unwrap();
        }
    }

    /// Has these bytes at once, and counts how often it is asked.
    struct Asked(Vec<u8>, usize);

    impl Read for Asked {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            mut buf: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            self.1 += 1;
            let left = self.0.len().saturating_sub(buf.remaining());
            buf.put_slice(&self.0.split_off(left));
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_tls_asks_for_in_small_pieces_is_one_call_of_the_system() {
        for (capacity, calls) in [(0, 16), (CAPACITY, 1)] {
            let there = Asked(vec![0; CAPACITY], 0);
            let mut near = TokioIo::new(ReadAhead::new(there, capacity));
            for _ in 0..16 {
                near.read_exact(&mut [0; 4_096]).await.unwrap();
            }
            assert_eq!(near.inner().inner.1, calls);
        }
    }

    /// Has bytes at once, without end, each read of which counts as the system's do.
    struct Endless;

    impl Read for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            mut buf: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            ready!(poll_proceed(cx)).made_progress();
            buf.put_slice(&vec![0; buf.remaining()]);
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn others_have_their_turn_as_often_as_without_reading_ahead() {
        for capacity in [0, CAPACITY] {
            let mut near = ReadAhead::new(Endless, capacity);
            let mut record = [0; CAPACITY / 4];
            let mut records = 0;
            let until_pending = poll_fn(|cx| {
                let mut buf = ReadBuf::new(&mut record);
                while records < 1_000
                    && Pin::new(&mut near).poll_read(cx, buf.unfilled()).is_ready()
                {
                    records += 1;
                    buf = ReadBuf::new(&mut record);
                }
                Poll::Ready(())
            });
            until_pending.await;
            tokio::task::yield_now().await;
            assert!((64..=128).contains(&records), "{capacity}: {records}");
        }
    }
}
