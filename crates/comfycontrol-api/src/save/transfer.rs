//! How far a file has come, and what to do with the response to the next request for it: no I/O.

use http::header::{CONTENT_RANGE, ETAG};
use http::{HeaderMap, HeaderValue, StatusCode};

/// One file on its way to the disk.
///
/// It is put together from responses only while they are certainly parts of the same file: by a
/// strong entity tag, which is compared here, since a 206 does not prove that the server has kept
/// to `If-Range` (RFC 9110 §13.1.5, §15.3.7).
#[derive(Debug, Default)]
pub(super) struct Transfer {
    /// How many bytes of it are there.
    have: u64,
    length: Option<u64>,
    /// Its entity tag, if that is strong.
    etag: Option<HeaderValue>,
    /// A response ended in order that had not said how long the file is.
    is_ended: bool,
    /// The host has given other ranges than it was asked for.
    is_without_ranges: bool,
}

/// What to ask for next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Ask {
    Whole,
    /// What follows after so many bytes, if the file still has this tag. From the first byte on it
    /// is the whole, and the response tells its length once more than by its own.
    From {
        first: u64,
        etag: Option<HeaderValue>,
    },
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Its body follows what is there; it leads to before this byte.
    Append { until: u64 },
    /// Nothing: it belongs to another file, or another place. Ask for the whole.
    AskAgain,
    /// Its body is the file from its beginning; it leads to before this byte, if that is known.
    StartAnew { until: Option<u64> },
    /// Nothing: the server neither says how long the file is nor gives ranges of it.
    Unproven,
    /// Nothing: the file is whole.
    Whole,
}

impl Transfer {
    pub(super) fn have(&self) -> u64 {
        self.have
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether all that the server has announced is there.
    pub(super) fn is_whole(&self) -> bool {
        self.length == Some(self.have)
    }

    pub(super) fn ask(&self) -> Ask {
        if self.is_ended || (self.have > 0 && self.etag.is_some()) {
            let (first, etag) = (self.have, self.etag.clone());
            return Ask::From { first, etag };
        }
        if self.is_without_ranges {
            return Ask::Whole;
        }
        let (first, etag) = (0, None);
        Ask::From { first, etag }
    }

    /// So many bytes more are there.
    pub(super) fn received(&mut self, bytes: u64) {
        self.have += bytes;
    }

    /// A body has ended in order.
    pub(super) fn ended(&mut self) {
        self.is_ended = self.length.is_none();
    }

    /// What is there is worth nothing, and so are the host's ranges.
    pub(super) fn forget(&mut self) {
        *self = Self {
            is_without_ranges: true,
            ..Self::default()
        };
    }

    /// Decides on the response to what was [asked](Self::ask) for; `length` is that of its body.
    pub(super) fn take(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        length: Option<u64>,
    ) -> Next {
        let asked = self.ask();
        match (status, asked) {
            (StatusCode::PARTIAL_CONTENT, Ask::From { first, etag }) => {
                match ContentRange::of(headers) {
                    Some(ContentRange::Of { start, end, length }) if (start, first) == (0, 0) => {
                        self.have = 0;
                        self.length = length;
                        self.etag = strong_etag(headers);
                        self.is_ended = false;
                        Next::StartAnew { until: Some(end) }
                    }
                    Some(ContentRange::Of { start, end, length })
                        if start == first
                            && etag.is_some()
                            && strong_etag(headers) == etag
                            && is_same(self.length, length) =>
                    {
                        self.length = self.length.or(length);
                        self.is_ended = false;
                        Next::Append { until: end }
                    }
                    _ => {
                        self.forget();
                        Next::AskAgain
                    }
                }
            }
            (StatusCode::RANGE_NOT_SATISFIABLE, Ask::From { first, etag }) => {
                // An error need not say which file it speaks of.
                let speaks_of_another =
                    etag.is_some() && headers.contains_key(ETAG) && strong_etag(headers) != etag;
                match ContentRange::of(headers) {
                    Some(ContentRange::Beyond { length })
                        if length == first
                            && is_same(self.length, Some(length))
                            && !speaks_of_another =>
                    {
                        self.length = Some(length);
                        Next::Whole
                    }
                    None if self.is_ended => Next::Unproven,
                    _ => {
                        self.forget();
                        Next::AskAgain
                    }
                }
            }
            (StatusCode::OK, _) => {
                if self.is_ended && length.is_none() {
                    return Next::Unproven;
                }
                self.have = 0;
                self.length = length;
                self.etag = strong_etag(headers);
                self.is_ended = false;
                Next::StartAnew { until: length }
            }
            _ => {
                self.forget();
                Next::AskAgain
            }
        }
    }
}

fn is_same(known: Option<u64>, said: Option<u64>) -> bool {
    known.is_none() || said.is_none() || known == said
}

/// The entity tag, if there is one and it is strong (RFC 9110 §8.8.3).
fn strong_etag(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut tags = headers.get_all(ETAG).iter();
    let tag = tags.next()?;
    let text = tag.as_bytes();
    let is_strong = text.len() >= 2 && text.starts_with(b"\"") && text.ends_with(b"\"");
    (is_strong && tags.next().is_none()).then(|| tag.clone())
}

/// `Content-Range` (RFC 9110 §14.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ContentRange {
    Beyond {
        length: u64,
    },
    /// From `start` to before `end`.
    Of {
        start: u64,
        end: u64,
        length: Option<u64>,
    },
}

impl ContentRange {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
        let (unit, range) = text.split_once(' ')?;
        let (range, length) = range.trim().split_once('/')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let length = match length {
            "*" => None,
            length => Some(length.parse().ok()?),
        };
        if range == "*" {
            return length.map(|length| Self::Beyond { length });
        }
        let (start, last) = range.split_once('-')?;
        let start: u64 = start.parse().ok()?;
        let end = last.parse::<u64>().ok()?.checked_add(1)?;
        let fits = start < end && length.is_none_or(|length| end <= length);
        fits.then_some(Self::Of { start, end, length })
    }
}

#[cfg(test)]
mod tests;
