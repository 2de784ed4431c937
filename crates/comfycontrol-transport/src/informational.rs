//! Bounds what may come before a response over HTTP/1.1: informational responses (RFC 9110 §15.2),
//! of which hyper reads any number in one go.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::early::ReadingFirst;
use crate::error::MessageFault;
use crate::head::MAX_HEAD;
use crate::pool::Written;

/// An HTTP/1.1 connection whose informational responses are counted.
pub(crate) type Bounded<S> = TokioIo<Counting<ReadingFirst<TokioIo<S>>>>;

pub(crate) fn bounded<S>(stream: S, written: Written) -> Bounded<S> {
    TokioIo::new(Counting {
        inner: ReadingFirst::new(TokioIo::new(stream)),
        count: Count::default(),
        written,
    })
}

/// Fails a read that has brought too many informational responses, before hyper sees them.
#[derive(Debug)]
pub(crate) struct Counting<S> {
    inner: S,
    count: Count,
    written: Written,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if !self.count.take(&buf.filled()[before..]) {
            return Poll::Ready(Err(io::Error::other(MessageFault::TooManyInformational)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counting<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.count.written(buf);
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.written.see(&written);
        written
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
        let first = bufs.iter().find(|buf| !buf.is_empty());
        self.count.written(first.map_or(&[], |buf| buf));
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.written.see(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// How many informational responses have come since the request, and what is being read.
#[derive(Debug, Default)]
struct Count {
    at: At,
    heads: usize,
    bytes: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum At {
    /// So far into the first bytes of a head: `HTTP/1.1 1` if it is informational.
    Start(usize),
    /// In an informational head. Whether its last byte that counts ended a line.
    Informational { line_ended: bool },
    /// In the response itself, or between two.
    #[default]
    Response,
}

impl Count {
    /// If a request is written, what is read next is the beginning of a head.
    ///
    /// Not so if it is the rest of an upload: its response may have come, and what is read next is
    /// the rest of that.
    fn written(&mut self, bytes: &[u8]) {
        if matches!(self.at, At::Response) && begins_request(bytes) {
            *self = Self {
                at: At::Start(0),
                heads: 0,
                bytes: 0,
            };
        }
    }

    /// Goes on by what was read. Whether it is within the bounds.
    fn take(&mut self, read: &[u8]) -> bool {
        // So begins nearly every head, and all of it is read at once.
        let begins = matches!(self.at, At::Start(0)) && self.bytes == 0;
        let is_version = begins && read.starts_with(b"HTTP/1.");
        if is_version && matches!(read.get(8..10), Some([b' ', b'2'..=b'9'])) {
            self.at = At::Response;
        }
        for &byte in read {
            self.at = match self.at {
                At::Response => return true,
                At::Start(at) => {
                    // Lines may be empty before a head (RFC 9112 §2.2).
                    let is_blank = at == 0 && matches!(byte, b'\r' | b'\n');
                    match INFORMATIONAL.get(at) {
                        _ if is_blank => At::Start(0),
                        Some(expected) if expected.is_none_or(|e| e == byte) => At::Start(at + 1),
                        Some(_) => At::Response,
                        None => At::Informational { line_ended: false },
                    }
                }
                At::Informational { line_ended } => match byte {
                    b'\n' if line_ended => {
                        self.heads += 1;
                        At::Start(0)
                    }
                    b'\n' => At::Informational { line_ended: true },
                    b'\r' => At::Informational { line_ended },
                    _ => At::Informational { line_ended: false },
                },
            };
            self.bytes += 1;
            if self.heads > MAX_INFORMATIONAL || self.bytes > MAX_HEAD {
                return false;
            }
        }
        true
    }
}

/// Whether bytes that are written begin as a request does (RFC 9112 §3.2), which hyper writes from
/// its method on.
fn begins_request(bytes: &[u8]) -> bool {
    let is_mark = |byte: &u8| b"!#$%&'*+-.^_`|~".contains(byte);
    // Most methods are letters, and a blank ends them.
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || (*byte != b' ' && is_mark(byte));
    let method = bytes.iter().take_while(|byte| is_token(byte)).count();
    match bytes.get(method..) {
        Some([b' ', target @ ..]) if method > 0 => {
            matches!(target.first(), Some(b'/' | b'*')) || target.starts_with(b"http")
        }
        _ => false,
    }
}

/// How an informational head begins; `None` is any byte.
const INFORMATIONAL: [Option<u8>; 10] = [
    Some(b'H'),
    Some(b'T'),
    Some(b'T'),
    Some(b'P'),
    Some(b'/'),
    Some(b'1'),
    Some(b'.'),
    None,
    Some(b' '),
    Some(b'1'),
];
const MAX_INFORMATIONAL: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
    const HINT: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n";

    /// Whether all of it is within the bounds, read in pieces of any size.
    fn is_read(text: &str) -> bool {
        let read = |size| {
            let mut count = Count::default();
            count.written(REQUEST);
            text.as_bytes().chunks(size).all(|piece| count.take(piece))
        };
        let whole = read(usize::MAX);
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(read(size), whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn a_hundred_informational_responses_may_come_before_the_response() {
        let response = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        for hint in [HINT, "HTTP/1.0 100\n\n", "\r\nHTTP/1.1 102 X\r\n\n"] {
            assert!(is_read(&(hint.repeat(100) + response)), "{hint:?}");
            assert!(!is_read(&(hint.repeat(101) + response)), "{hint:?}");
        }
        assert!(!is_read(&format!(
            "HTTP/1.1 103 X\r\na: {}\r\n\r\n",
            "x".repeat(MAX_HEAD)
        )));
    }

    #[test]
    fn what_follows_the_head_of_the_response_is_not_looked_at() {
        let response = format!("HTTP/1.1 200 OK\r\n\r\n{}", HINT.repeat(1_000));
        assert!(is_read(&response));
        assert!(is_read(&"garbage".repeat(100_000)));
        assert!(is_read(&format!("{HINT}{response}")));
    }

    #[test]
    fn each_request_is_counted_anew() {
        let mut count = Count::default();
        for _ in 0..3 {
            count.written(REQUEST);
            assert!(count.take(HINT.repeat(100).as_bytes()));
            // The rest of an upload does not begin again.
            count.written(REQUEST);
            assert!(count.take(b"HTTP/1.1 200 OK\r\n\r\n"));
        }
        count.written(REQUEST);
        assert!(!count.take(HINT.repeat(101).as_bytes()));
    }

    #[test]
    fn the_rest_of_an_upload_after_an_early_response_begins_nothing() {
        let mut count = Count::default();
        count.written(b"PUT /x HTTP/1.1\r\ncontent-length: 9\r\n\r\n");
        assert!(count.take(b"HTTP/1.1 413 Content Too Large\r\n\r\n"));
        for rest in [&b"upload"[..], b"5\r\nhello\r\n", b"some text", b"", b" /x"] {
            count.written(rest);
            // The body quotes what would be too many.
            assert!(count.take(HINT.repeat(101).as_bytes()), "{rest:?}");
        }
        for request in [
            &b"GET / HTTP/1.1"[..],
            b"OPTIONS * H",
            b"M-SEARCH http://a/ H",
        ] {
            count.written(request);
            assert!(!count.take(HINT.repeat(101).as_bytes()));
            count = Count::default();
        }
    }
}
