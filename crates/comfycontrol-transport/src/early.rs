//! A response that comes before its request has been written (RFC 9112 §9.5): it is read before the
//! write is given up.

use std::error::Error;
use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Holds back that a write has failed until all that has come has been read: a server that refuses
/// an upload says so, and closes.
#[derive(Debug)]
pub(crate) struct ReadingFirst<S> {
    inner: S,
    write: Write,
    /// Whether something has come since something was written: then the end of it may be its own.
    heard: bool,
}

#[derive(Debug)]
enum Write {
    Works,
    /// What it failed with is not told yet.
    Failed(io::Error),
    /// It failed, and that has been told.
    Told(io::ErrorKind),
}

impl<S> ReadingFirst<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            write: Write::Works,
            heard: false,
        }
    }

    /// What comes of a write: once it has failed the rest is let go, as it is not taken.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        let_go: T,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>>
    where
        S: Unpin,
    {
        match &self.write {
            Write::Works => {}
            Write::Failed(_) => return Poll::Ready(Ok(let_go)),
            Write::Told(kind) => return Poll::Ready(Err((*kind).into())),
        }
        match ready!(write(Pin::new(&mut self.inner), cx)) {
            Err(e) if is_hung_up(&e) => {
                self.write = Write::Failed(e);
                // It is the turn of the reader, which nothing else wakes.
                cx.waker().wake_by_ref();
                Poll::Ready(Ok(let_go))
            }
            written => Poll::Ready(written),
        }
    }
}

/// What a write failed with, when nothing else had come.
#[derive(Debug)]
struct HungUp(io::Error);

impl fmt::Display for HungUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("server hung up while the request was written, which it may have refused")
    }
}

impl Error for HungUp {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn is_hung_up(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadingFirst<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.heard = true;
            return read;
        }
        let Write::Failed(e) = &self.write else {
            return read;
        };
        // What has not come by now does not come any more. From here on writes fail as well.
        let told = Write::Told(e.kind());
        match mem::replace(&mut self.write, told) {
            Write::Failed(e) if !self.heard || !matches!(read, Poll::Ready(Ok(()))) => {
                Poll::Ready(Err(io::Error::new(e.kind(), HungUp(e))))
            }
            _ => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadingFirst<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.written(cx, buf.len(), |inner, cx| inner.poll_write(cx, buf));
        if matches!(self.write, Write::Works) {
            self.heard = false;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.written(cx, (), AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = bufs.iter().map(|buf| buf.len()).sum();
        let written = self.written(cx, all, |inner, cx| inner.poll_write_vectored(cx, bufs));
        if matches!(self.write, Write::Works) {
            self.heard = false;
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use http_body_util::{BodyExt, Full};
    use hyper::client::conn::http1;
    use hyper_util::rt::TokioIo;

    use super::*;

    /// The other end takes no more than the beginning of a request, and has said this.
    struct Refusing {
        said: &'static [u8],
        taken: usize,
    }

    impl AsyncRead for Refusing {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if self.taken == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let count = buf.remaining().min(self.said.len());
            buf.put_slice(&self.said[..count]);
            self.said = &self.said[count..];
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Refusing {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.taken > 0 {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            self.taken = buf.len().min(1_000);
            Poll::Ready(Ok(self.taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn upload(said: &'static [u8]) -> Result<(u16, Bytes), hyper::Error> {
        let io = ReadingFirst::new(Refusing { said, taken: 0 });
        let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await?;
        let connection = tokio::spawn(connection);
        let body = Full::new(Bytes::from(vec![0; 1 << 20]));
        let req = Request::post("/").header("host", "a").body(body).unwrap();
        let res = sender.send_request(req).await?;
        let status = res.status().as_u16();
        let body = res.into_body().collect().await?.to_bytes();
        // And nothing is left that waits for a write.
        let _ = connection.await;
        Ok((status, body))
    }

    #[tokio::test]
    async fn a_refusal_that_has_come_is_read_though_the_write_has_failed() {
        let said = b"HTTP/1.1 413 Too Large\r\ncontent-length: 9\r\n\r\ntoo large";
        assert_eq!(upload(said).await.unwrap(), (413, "too large".into()));
        let said = b"HTTP/1.1 413 Too Large\r\n\r\nuntil the end";
        assert_eq!(upload(said).await.unwrap().0, 413);
    }

    #[tokio::test]
    async fn where_nothing_has_come_the_error_says_what_may_have_been() {
        let failed = crate::TransportError::new(upload(b"").await.unwrap_err());
        assert_eq!(failed.kind(), crate::TransportErrorKind::Reset);
        assert!(!failed.is_unprocessed());
        let told = format!("{:?}", failed);
        assert!(
            told.contains("hung up while the request was written"),
            "{told}"
        );
    }
}
