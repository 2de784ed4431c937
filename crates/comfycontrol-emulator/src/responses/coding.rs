//! Content codings (RFC 9110 §8.4.1), asked for or not, sound or broken.

use std::io::Write;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use http::HeaderValue;

/// The coding of a body, and what `content-encoding` calls it.
///
/// Whether the request asked for it plays no part. A stream is coded piece by piece: each
/// event can be read as soon as it has come.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Coding {
    /// `br`: sound Brotli (RFC 7932), though nothing is compressed.
    Brotli,
    /// `gzip`: one member (RFC 1952).
    Gzip,
    /// `gzip`: one member whose header has every optional field, its own checksum included.
    GzipFields,
    /// `gzip`: so many members in a row, at least one; of a stream, one for each piece.
    GzipMembers(u16),
    /// `gzip, gzip`: coded twice.
    GzipTwice,
    /// `GZIP`: names of codings are case-insensitive.
    GzipUpperCase,
    /// `gzip`: the checksum at its end is wrong.
    GzipWrongChecksum,
    /// This name, and a body that is not coded at all.
    Label(HeaderValue),
    /// `x-gzip`: the same as `gzip`.
    XGzip,
}

impl Coding {
    /// The name of the coding in `content-encoding`.
    pub fn name(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Brotli => "br",
            Self::Gzip | Self::GzipFields | Self::GzipMembers(_) | Self::GzipWrongChecksum => {
                "gzip"
            }
            Self::GzipTwice => "gzip, gzip",
            Self::GzipUpperCase => "GZIP",
            Self::Label(name) => return name.clone(),
            Self::XGzip => "x-gzip",
        })
    }

    /// The whole body, coded.
    pub(super) fn encode(&self, body: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(self);
        let mut coded = Vec::new();
        let pieces = match self {
            Self::GzipMembers(members) => (*members).max(1).into(),
            _ => 1,
        };
        let size = body.len().div_ceil(pieces);
        for number in 0..pieces {
            let begin = (number * size).min(body.len());
            let end = (begin + size).min(body.len());
            coded.extend(encoder.piece(&body[begin..end], false));
        }
        coded.extend(encoder.end());
        coded
    }
}

/// Codes a body piece by piece.
#[derive(Debug)]
pub(super) enum Encoder {
    /// Whether it has begun.
    Brotli(bool),
    Gzip(Member),
    Members,
    Plain,
    Twice(Member, Member),
}

impl Encoder {
    pub(super) fn new(coding: &Coding) -> Self {
        match coding {
            Coding::Brotli => Self::Brotli(false),
            Coding::Gzip | Coding::GzipUpperCase | Coding::XGzip => {
                Self::Gzip(Member::new(PLAIN_HEADER.to_vec()))
            }
            Coding::GzipFields => Self::Gzip(Member::new(header_with_fields())),
            Coding::GzipMembers(_) => Self::Members,
            Coding::GzipTwice => {
                let member = || Member::new(PLAIN_HEADER.to_vec());
                Self::Twice(member(), member())
            }
            Coding::GzipWrongChecksum => {
                let mut member = Member::new(PLAIN_HEADER.to_vec());
                member.flaw = 1;
                Self::Gzip(member)
            }
            Coding::Label(_) => Self::Plain,
        }
    }

    /// The next piece, coded; all of it can be decoded at once if it is `flushed`.
    pub(super) fn piece(&mut self, piece: &[u8], flushed: bool) -> Vec<u8> {
        match self {
            Self::Brotli(begun) => brotli(piece, begun),
            Self::Gzip(member) => member.piece(piece, flushed),
            Self::Members => {
                let mut member = Member::new(PLAIN_HEADER.to_vec());
                let mut coded = member.piece(piece, false);
                coded.extend(member.end());
                coded
            }
            Self::Plain => piece.to_vec(),
            Self::Twice(inner, outer) => outer.piece(&inner.piece(piece, flushed), flushed),
        }
    }

    /// What ends the body.
    pub(super) fn end(&mut self) -> Bytes {
        match self {
            // The last and empty meta-block; before it, if nothing was, the window's bit.
            Self::Brotli(begun) => Bytes::from_static(if *begun { &[0x03] } else { &[0x06] }),
            Self::Gzip(member) => member.end().into(),
            Self::Members | Self::Plain => Bytes::new(),
            Self::Twice(inner, outer) => {
                let mut coded = outer.piece(&inner.end(), false);
                coded.extend(outer.end());
                coded.into()
            }
        }
    }
}

/// A gzip member under way.
#[derive(Debug)]
pub(super) struct Member {
    deflate: DeflateEncoder<Vec<u8>>,
    crc: Crc,
    /// What is wrong with the checksum.
    flaw: u32,
}

impl Member {
    fn new(header: Vec<u8>) -> Self {
        Self {
            deflate: DeflateEncoder::new(header, Compression::fast()),
            crc: Crc::new(),
            flaw: 0,
        }
    }

    fn piece(&mut self, piece: &[u8], flushed: bool) -> Vec<u8> {
        self.crc.update(piece);
        self.deflate.write_all(piece).expect(MEMORY);
        if flushed {
            self.deflate.flush().expect(MEMORY);
        }
        std::mem::take(self.deflate.get_mut())
    }

    fn end(&mut self) -> Vec<u8> {
        self.deflate.try_finish().expect(MEMORY);
        let mut end = std::mem::take(self.deflate.get_mut());
        end.extend((self.crc.sum() ^ self.flaw).to_le_bytes());
        end.extend(self.crc.amount().to_le_bytes());
        end
    }
}

/// A gzip header with an extra field, a name, a comment and a checksum (RFC 1952 §2.3).
fn header_with_fields() -> Vec<u8> {
    let mut header = PLAIN_HEADER.to_vec();
    header[3] = 0b0001_1110;
    header.extend(*b"\x06\x00EM\x02\x00ok");
    header.extend(*b"page.json\0");
    header.extend(*b"made by an emulator\0");
    let mut crc = Crc::new();
    crc.update(&header);
    let [low, high, ..] = crc.sum().to_le_bytes();
    header.extend([low, high]);
    header
}

/// The bytes as uncompressed meta-blocks. Each ends at the end of a byte (RFC 7932 §9.2).
fn brotli(piece: &[u8], begun: &mut bool) -> Vec<u8> {
    let mut coded = Vec::with_capacity(piece.len() + piece.len() / 1024 + 4);
    for block in piece.chunks(1 << 16) {
        // From the lowest bit: ISLAST 0, MNIBBLES 00 (four nibbles), MLEN - 1, ISUNCOMPRESSED 1.
        let bits = (block.len() as u32 - 1) << 3 | 1 << 19;
        // The first one comes after the stream's own bit: WBITS 0, a window of 16 bits.
        let bits = bits << u32::from(!std::mem::replace(begun, true));
        coded.extend_from_slice(&bits.to_le_bytes()[..3]);
        coded.extend_from_slice(block);
    }
    coded
}

/// No optional field, no time, system unknown.
const PLAIN_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const MEMORY: &str = "memory takes every byte";
