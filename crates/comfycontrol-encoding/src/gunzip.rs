//! Gzip, a piece in and a piece out, by flate2.

use std::fmt;
use std::io::Write;
use std::mem;

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;

use crate::invalid_gzip::InvalidGzip;

/// Decodes the members of a gzip file (RFC 1952 §2.2).
pub(crate) struct Gunzip {
    /// It writes into a vector, which is emptied after each step.
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What was not decoded yet.
    encoded: Bytes,
    /// There was something to decode.
    begun: bool,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
            encoded: Bytes::new(),
            begun: false,
        }
    }

    /// Takes the next piece; those before it have been decoded.
    pub(crate) fn push(&mut self, encoded: Bytes) {
        debug_assert!(self.encoded.is_empty());
        self.begun |= !encoded.is_empty();
        self.encoded = encoded;
    }

    /// Whether all pieces have been decoded.
    pub(crate) fn wants_more(&self) -> bool {
        self.encoded.is_empty()
    }

    /// Decodes on, but no further than the end of a member; the bytes that came of it, if any.
    pub(crate) fn step(&mut self) -> Result<Option<Bytes>, InvalidGzip> {
        let taken = self
            .decoder
            .write(&self.encoded)
            .map_err(InvalidGzip::new)?;
        if taken == 0 {
            return Err(InvalidGzip::stuck());
        }
        self.encoded.advance(taken);
        if self.encoded.is_empty() {
            // It does not keep what it can know by now until the next piece comes.
            self.decoder.flush().map_err(InvalidGzip::new)?;
        }
        Ok((!self.decoder.get_ref().is_empty()).then(|| self.take()))
    }

    /// The last bytes; fails if the last member has no end. No member at all is an empty file.
    pub(crate) fn finish(self) -> Result<Option<Bytes>, InvalidGzip> {
        if !self.begun {
            return Ok(None);
        }
        let last = self.decoder.finish().map_err(InvalidGzip::new)?;
        Ok((!last.is_empty()).then(|| last.into()))
    }

    fn take(&mut self) -> Bytes {
        mem::take(self.decoder.get_mut()).into()
    }
}

impl fmt::Debug for Gunzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content of a body is not shown.
        f.debug_struct("Gunzip")
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}
