//! Lists of content codings, as `Content-Encoding` and `Accept-Encoding` have them.

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// What was done to a body, in this order; `identity` is nothing (RFC 9110 §8.4, §8.4.1).
pub(crate) fn applied(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    elements(headers.get_all(CONTENT_ENCODING)).filter(|coding| !is(coding, b"identity"))
}

#[cfg(any(feature = "gzip", test))]
pub(crate) fn is_gzip(coding: &[u8]) -> bool {
    is(canonical(coding), b"gzip")
}

/// Whether the values of an `Accept-Encoding` list a coding, by name or by `*`, and not with a
/// weight of zero (RFC 9110 §12.5.3).
pub(crate) fn accepts(accepted: &[HeaderValue], coding: &[u8]) -> bool {
    let listed = |name: &[u8]| {
        elements(accepted).find_map(|element| {
            let mut parts = element.split(|b| *b == b';');
            let listed = parts.next()?.trim_ascii();
            is(canonical(listed), canonical(name)).then(|| !parts.any(is_zero))
        })
    };
    listed(coding).or_else(|| listed(b"*")).unwrap_or(false)
}

/// Whether a parameter is a weight of zero: `q=0`, `q=0.000`.
fn is_zero(parameter: &[u8]) -> bool {
    let mut sides = parameter.splitn(2, |b| *b == b'=');
    let (name, weight) = (sides.next(), sides.next().unwrap_or_default().trim_ascii());
    name.is_some_and(|name| is(name.trim_ascii(), b"q"))
        && weight.starts_with(b"0")
        && weight.iter().all(|b| matches!(b, b'0' | b'.'))
}

/// The name that a coding has in addition to an old one (RFC 9110 §8.4.1.1, §8.4.1.3).
fn canonical(coding: &[u8]) -> &[u8] {
    let rest = coding.split_at_checked(2);
    match rest {
        Some((x, rest)) if is(x, b"x-") && (is(rest, b"gzip") || is(rest, b"compress")) => rest,
        _ => coding,
    }
}

/// The elements of a list; empty ones are nothing (RFC 9110 §5.6.1.2).
fn elements<'a>(
    values: impl IntoIterator<Item = &'a HeaderValue>,
) -> impl Iterator<Item = &'a [u8]> {
    let values = values.into_iter();
    let elements = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    elements
        .map(|element| element.trim_ascii())
        .filter(|element| !element.is_empty())
}

fn is(coding: &[u8], name: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_as_the_standard_says() {
        for (lines, expected) in [
            (&[][..], &[][..]),
            (&["identity"], &[]),
            (&["", " , ,", "IDENTITY,"], &[]),
            (&["gzip"], &["gzip"]),
            (&[" ,GZIP, identity\t"], &["GZIP"]),
            (&["gzip", "br"], &["gzip", "br"]),
            (&["gzip;q=1"], &["gzip;q=1"]),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            let found: Vec<&[u8]> = applied(&headers).collect();
            let expected: Vec<&[u8]> = expected.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(found, expected, "{lines:?}");
        }
    }

    #[test]
    fn gzip_has_two_names_in_letters_of_any_case() {
        for name in ["gzip", "GZIP", "x-gzip", "X-GZip"] {
            assert!(is_gzip(name.as_bytes()), "{name}");
        }
        for name in ["", "x-", "gzi", "gzipp", "x-x-gzip", "gzip;q=1", "x-br"] {
            assert!(!is_gzip(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_coding_is_accepted_by_name_or_by_star() {
        for (accepted, coding, expected) in [
            ("", "gzip", false),
            ("identity", "gzip", false),
            ("gzip", "gzip", true),
            ("X-GZIP", "gzip", true),
            ("br;q=0.5, gzip", "x-gzip", true),
            ("gzip;q=0", "gzip", false),
            ("gzip ; Q=0.000, *", "gzip", false),
            ("gzip;q=0.001", "gzip", true),
            ("*", "br", true),
            ("*;q=0", "br", false),
            ("x-compress", "compress", true),
        ] {
            let accepted = [HeaderValue::from_static(accepted)];
            assert_eq!(
                accepts(&accepted, coding.as_bytes()),
                expected,
                "{accepted:?} {coding}"
            );
        }
    }
}
