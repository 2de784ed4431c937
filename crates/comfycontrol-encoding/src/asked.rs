//! What a request asks for, and what becomes of its response. Pure.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, Entry, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::codings::{accepts, applied};

/// The codings that a request asks for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// What the caller wrote into `Accept-Encoding`; none of it is undone.
    ByCaller(Vec<HeaderValue>),
    /// Gzip, which we undo.
    Gzip,
    /// The bytes as they are.
    Identity,
    /// A head alone, to HEAD: there is nothing to undo.
    NoBody,
}

impl Asked {
    /// Asks for what we undo, unless the caller has asked for something. `to_head` says that the
    /// request is a HEAD.
    pub(crate) fn ask(to_head: bool, headers: &mut HeaderMap) -> Self {
        // Without the header any coding is acceptable (RFC 9110 §12.5.3). A range of an encoded
        // body cannot be decoded (§14), and the length that HEAD is asked for is that of the bytes.
        let asked = if to_head {
            Self::NoBody
        } else if cfg!(feature = "gzip") && !headers.contains_key(RANGE) {
            Self::Gzip
        } else {
            Self::Identity
        };
        match headers.entry(ACCEPT_ENCODING) {
            Entry::Occupied(_) if to_head => asked,
            Entry::Occupied(given) => Self::ByCaller(given.iter().cloned().collect()),
            Entry::Vacant(none) => {
                none.insert(match asked {
                    Self::Gzip => GZIP,
                    _ => IDENTITY,
                });
                asked
            }
        }
    }

    /// What becomes of a response to this.
    pub(crate) fn fate(&self, status: StatusCode, headers: &HeaderMap) -> Fate {
        // Most responses have none.
        if !headers.contains_key(CONTENT_ENCODING) {
            return Fate::Pass;
        }
        let mut codings = applied(headers).peekable();
        let nothing_to_undo = match self {
            Self::NoBody => true,
            Self::ByCaller(accepted) => codings.all(|coding| accepts(accepted, coding)),
            _ => codings.peek().is_none(),
        };
        if nothing_to_undo || status == StatusCode::NO_CONTENT {
            return Fate::Pass;
        }
        // A part of an encoded body is not the encoding of a part.
        #[cfg(feature = "gzip")]
        if matches!(self, Self::Gzip)
            && status != StatusCode::PARTIAL_CONTENT
            && codings.next().is_some_and(crate::codings::is_gzip)
            && codings.next().is_none()
        {
            return Fate::Decode;
        }
        // The status of a failure matters more than its text.
        if status.is_success() {
            Fate::Refuse
        } else {
            Fate::Pass
        }
    }
}

/// Constants: the text of each is checked when this is compiled.
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// What becomes of a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// Its body is gzip, and is decoded.
    #[cfg(feature = "gzip")]
    Decode,
    /// It goes on as it is.
    Pass,
    /// It was a success, and cannot be read.
    Refuse,
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn headers(name: http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_range_and_a_head_are_asked_for_as_they_are() {
        let usual = if cfg!(feature = "gzip") {
            "gzip"
        } else {
            "identity"
        };
        for (method, given, expected) in [
            (Method::GET, HeaderMap::new(), usual),
            (Method::POST, HeaderMap::new(), usual),
            (Method::HEAD, HeaderMap::new(), "identity"),
            (Method::GET, headers(RANGE, "bytes=0-"), "identity"),
            (Method::GET, headers(ACCEPT_ENCODING, "br"), "br"),
            (Method::GET, headers(ACCEPT_ENCODING, ""), ""),
        ] {
            let mut asked = given;
            Asked::ask(method == Method::HEAD, &mut asked);
            assert_eq!(asked[ACCEPT_ENCODING], expected, "{method}");
        }
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn only_what_was_asked_for_is_read() {
        let by_caller = |value| Asked::ByCaller(vec![HeaderValue::from_static(value)]);
        for (asked, status, coding, expected) in [
            (Asked::Gzip, 200, "gzip", Fate::Decode),
            (Asked::Gzip, 200, "X-Gzip, identity,", Fate::Decode),
            (Asked::Gzip, 404, "gzip", Fate::Decode),
            (Asked::Gzip, 200, "identity", Fate::Pass),
            (Asked::Gzip, 200, "br", Fate::Refuse),
            (Asked::Gzip, 200, "gzip, gzip", Fate::Refuse),
            (Asked::Gzip, 200, "br, gzip", Fate::Refuse),
            (Asked::Gzip, 206, "gzip", Fate::Refuse),
            (Asked::Gzip, 204, "br", Fate::Pass),
            (Asked::Gzip, 429, "br", Fate::Pass),
            (Asked::Gzip, 500, "gzip, br", Fate::Pass),
            (Asked::Identity, 200, "gzip", Fate::Refuse),
            (Asked::Identity, 206, "gzip", Fate::Refuse),
            (Asked::Identity, 206, "", Fate::Pass),
            (Asked::Identity, 500, "gzip", Fate::Pass),
            (Asked::NoBody, 200, "br", Fate::Pass),
            (by_caller("gzip"), 200, "gzip", Fate::Pass),
            (by_caller("gzip, br"), 206, "gzip, br", Fate::Pass),
            (by_caller("gzip"), 200, "br", Fate::Refuse),
            (by_caller("identity"), 200, "gzip", Fate::Refuse),
            (by_caller("identity"), 503, "gzip", Fate::Pass),
            (by_caller("*"), 200, "zstd", Fate::Pass),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let fate = asked.fate(status, &headers(CONTENT_ENCODING, coding));
            assert_eq!(fate, expected, "{asked:?} {status} {coding}");
        }
    }
}
