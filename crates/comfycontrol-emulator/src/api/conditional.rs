//! Responses that are known already (RFC 9110 §13.1.2).

use http::header::IF_NONE_MATCH;
use http::request::Parts;
use http::{HeaderValue, Method};

/// Whether the request wants none that has this entity tag, and has it by now: by weak comparison.
pub(super) fn is_known(head: &Parts, etag: &HeaderValue) -> bool {
    let is_read = head.method == Method::GET || head.method == Method::HEAD;
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let etag = etag.to_str().map(opaque).unwrap_or_default();
    let mut known = head.headers.get_all(IF_NONE_MATCH).iter();
    is_read
        && known.any(|known| {
            let known = known.to_str().unwrap_or_default();
            known.trim() == "*" || known.split(',').any(|known| opaque(known) == etag)
        })
}
