//! A stored file: its bytes, its entity tag, and the part of it that is asked for.

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::conditional::is_known;
use super::file_fault::FileFault;
use crate::Body;
use crate::random::mix;
use crate::responses::Exchange;

/// The response to a request for the file that stands at this path, of this length at least.
pub(super) fn respond(
    head: &Parts,
    length: usize,
    faults: &[FileFault],
    exchange: &Exchange,
) -> Response<Body> {
    let version = faults.iter().find_map(|fault| match fault {
        FileFault::Changed(version) => Some(*version),
        _ => None,
    });
    let digest = Sha256::digest(format!("{} {version:?}", head.uri.path()));
    let seed = digest
        .iter()
        .take(8)
        .fold(0, |n, byte| n << 8 | u64::from(*byte));
    let etag = if faults.contains(&FileFault::NoEtag) {
        None
    } else if faults.contains(&FileFault::WeakEtag) {
        Some(HeaderValue::from_static("W/\"weak\""))
    } else {
        HeaderValue::try_from(format!("\"{seed:016x}\"")).ok()
    };
    let bytes = picture(seed, length);
    let part = wanted(head, etag.as_ref(), bytes.len() as u64, faults);
    let (status, content, range) = match part {
        None if etag.as_ref().is_some_and(|etag| is_known(head, etag)) => {
            (StatusCode::NOT_MODIFIED, Bytes::new(), None)
        }
        None => (StatusCode::OK, bytes, None),
        Some(Part::Of { first, last }) => {
            let range = format!("bytes {first}-{last}/{}", bytes.len());
            let part = bytes.slice(index(first)..=index(last));
            (StatusCode::PARTIAL_CONTENT, part, Some(range))
        }
        Some(Part::Beyond) => {
            let range = format!("bytes */{}", bytes.len());
            (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), Some(range))
        }
    };
    let mut response = exchange.response(status, "image/png", content);
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(etag) = etag {
        headers.insert(ETAG, etag);
    }
    if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
        headers.insert(CONTENT_RANGE, range);
    }
    response
}

/// A part of a file, its last byte included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Beyond,
    Of { first: u64, last: u64 },
}

/// The part that is asked for; none for the whole.
fn wanted(
    head: &Parts,
    etag: Option<&HeaderValue>,
    length: u64,
    faults: &[FileFault],
) -> Option<Part> {
    if head.method != Method::GET || faults.contains(&FileFault::IgnoreRange) {
        return None;
    }
    let part = parse(text(head, RANGE)?, length)?;
    if let Some(condition) = head.headers.get(IF_RANGE)
        && !faults.contains(&FileFault::IgnoreIfRange)
    {
        // Strong comparison: a weak one never matches.
        let is_same = etag == Some(condition) && !condition.as_bytes().starts_with(b"W/");
        if !is_same {
            return None;
        }
    }
    let shift = faults.iter().find_map(|fault| match fault {
        FileFault::Shift(bytes) => Some(*bytes),
        _ => None,
    });
    Some(match (part, shift) {
        (Part::Of { first, last }, Some(shift)) => Part::Of {
            first: first.saturating_add(shift).min(last),
            last,
        },
        (part, _) => part,
    })
}

/// One range of bytes (RFC 9110 §14.1.2); none if it is not valid, or one of several.
fn parse(range: &str, length: u64) -> Option<Part> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last_byte = length.saturating_sub(1);
    let (first, last) = if first.is_empty() {
        let suffix: u64 = last.parse().ok()?;
        if suffix == 0 {
            return Some(Part::Beyond);
        }
        (length.saturating_sub(suffix), last_byte)
    } else if last.is_empty() {
        (first.parse().ok()?, last_byte)
    } else {
        (
            first.parse().ok()?,
            last.parse::<u64>().ok()?.min(last_byte),
        )
    };
    if first >= length {
        return Some(Part::Beyond);
    }
    (first <= last).then_some(Part::Of { first, last })
}

fn text(head: &Parts, name: HeaderName) -> Option<&str> {
    head.headers.get(name)?.to_str().ok()
}

fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// A picture of one pixel, followed by bytes that differ by their place.
fn picture(seed: u64, length: usize) -> Bytes {
    let length = length.max(PNG.len());
    let mut picture = Vec::with_capacity(length + 8);
    picture.extend_from_slice(PNG);
    let mut serial = 0;
    while picture.len() < length {
        picture.extend_from_slice(&mix(seed, serial).to_le_bytes());
        serial += 1;
    }
    picture.truncate(length);
    picture.into()
}

const PNG: &[u8; 67] = b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\
    \x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\x0aIDATx\xdach\x00\x00\
    \x00\x82\x00\x81\xdaE\x08;\x00\x00\x00\x00IEND\xaeB`\x82";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_has_them() {
        let of = |first, last| Some(Part::Of { first, last });
        for (range, part) in [
            ("bytes=0-", of(0, 99)),
            ("bytes=10-19", of(10, 19)),
            ("bytes=10-1000", of(10, 99)),
            ("bytes=-10", of(90, 99)),
            ("bytes=-1000", of(0, 99)),
            ("bytes=99-", of(99, 99)),
            ("bytes=100-", Some(Part::Beyond)),
            ("bytes=-0", Some(Part::Beyond)),
            ("bytes=20-10", None),
            ("bytes=0-1,5-6", None),
            ("bytes=x-", None),
            ("lines=1-", None),
        ] {
            assert_eq!(parse(range, 100), part, "{range}");
        }
    }
}
