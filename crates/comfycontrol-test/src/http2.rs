//! HTTP/2 frame by frame, for servers and callers that say what no library would.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};

// Kinds of frames (RFC 9113 §6).
/// A part of a body.
pub const DATA: u8 = 0;
/// The head of a message.
pub const HEADERS: u8 = 1;
/// The end of a stream before its time.
pub const RST_STREAM: u8 = 3;
/// What the sender can take.
pub const SETTINGS: u8 = 4;
/// A sign of life.
pub const PING: u8 = 6;
/// The end of a connection.
pub const GOAWAY: u8 = 7;
/// More of a head.
pub const CONTINUATION: u8 = 9;

// Flags of them.
/// Of [`SETTINGS`]: those of the other end have come.
pub const ACK: u8 = 1;
/// Nothing comes after it on its stream.
pub const END_STREAM: u8 = 1;
/// The head is complete.
pub const END_HEADERS: u8 = 4;

/// What a caller sends first (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame that has come.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "these are the parts of a frame")]
pub struct Frame {
    /// What it is, such as [`HEADERS`].
    pub kind: u8,
    /// Such as [`END_STREAM`].
    pub flags: u8,
    /// The stream that it belongs to; 0 is the connection.
    pub stream: u32,
    /// What is in it.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Reads the next one.
    ///
    /// # Errors
    ///
    /// The stream's, and its end.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut head = [0; 9];
        from.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        from.read_exact(&mut payload).await?;
        Ok(Self {
            kind,
            flags,
            stream: u32::from_be_bytes(stream),
            payload,
        })
    }
}

/// The bytes of a frame (RFC 9113 §4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len())
        .expect("a length")
        .to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// One end of a connection in memory, on which a client takes HTTP/2 for agreed.
#[derive(Debug)]
pub struct Http2Stream(DuplexStream);

impl Http2Stream {
    /// Creates both ends: the client's, and the server's.
    pub fn pair() -> (Self, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        (Self(ours), theirs)
    }
}

impl Connection for Http2Stream {
    fn connected(&self) -> Connected {
        Connected::new().negotiated_h2()
    }
}

impl AsyncRead for Http2Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Http2Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read() {
        let bytes = frame(HEADERS, END_HEADERS, 0x0102_0304, b"payload");
        assert_eq!(bytes[..9], [0, 0, 7, 1, 4, 1, 2, 3, 4]);
        let read = Frame::read(&mut &*bytes).await.unwrap();
        assert_eq!((read.kind, read.flags), (HEADERS, END_HEADERS));
        assert_eq!(
            (read.stream, &*read.payload),
            (0x0102_0304, &b"payload"[..])
        );
    }
}
