use std::borrow::Cow;

use percent_encoding::{AsciiSet, utf8_percent_encode};

/// Percent-encodes in path and query what the [URL Standard] encodes there: blanks, `"`, `<`, `>`,
/// what is not ASCII, in a path `^`, `` ` ``, `{`, `}`, and in a query `'`.
///
/// Everything else stays as it is, above all `%`, `+` and the order of the query, which a signature
/// may cover; so do a host that cannot be written in a URL, `#`, and control characters but DEL.
/// `given` is a path that begins with `/`, or an absolute URL.
///
/// ```
/// use comfycontrol_core::encoded_url;
///
/// let signed = "https://storage.example/a b.png?name=\u{fc}&sig=%2B+/";
/// assert_eq!(encoded_url(signed), "https://storage.example/a%20b.png?name=%C3%BC&sig=%2B+/");
/// ```
///
/// [URL Standard]: https://url.spec.whatwg.org/#percent-encoded-bytes
#[must_use]
pub fn encoded_url(given: &str) -> Cow<'_, str> {
    if !given.bytes().any(|b| IS_ODD[usize::from(b)]) {
        return Cow::Borrowed(given);
    }
    // A scheme in a query is not that of the URL.
    let host = match given.find("://") {
        Some(at) if !given.starts_with('/') => at + 3,
        _ => 0,
    };
    let path = given[host..]
        .find(['/', '?'])
        .map_or(given.len(), |at| host + at);
    let (front, rest) = given.split_at(path);
    let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    let (path, query) = (
        utf8_percent_encode(path, PATH),
        utf8_percent_encode(query, QUERY),
    );
    Cow::Owned(format!("{front}{path}{query}"))
}

/// What one of the two sets has, and what is not ASCII.
static IS_ODD: [bool; 256] = {
    let mut is_odd = [false; 256];
    let mut b = 0;
    while b < is_odd.len() {
        is_odd[b] = b > b'~' as usize;
        b += 1;
    }
    let odd = b" \"'<>^`{}";
    let mut at = 0;
    while at < odd.len() {
        is_odd[odd[at] as usize] = true;
        at += 1;
    }
    is_odd
};
const BOTH: &AsciiSet = &AsciiSet::EMPTY
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\x7f');
const PATH: &AsciiSet = &BOTH.add(b'^').add(b'`').add(b'{').add(b'}');
/// Of URLs with a special scheme, such as `https`.
const QUERY: &AsciiSet = &BOTH.add(b'\'');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_encodes_is_encoded_and_the_host_is_not() {
        for (given, encoded) in [
            ("/a b\"<>\u{7f}ü", "/a%20b%22%3C%3E%7F%C3%BC"),
            ("/a^`{}'?a^`{}'", "/a%5E%60%7B%7D'?a^`{}%27"),
            ("https://ü/ü", "https://ü/%C3%BC"),
            ("https://ü.example/ü?ü", "https://ü.example/%C3%BC?%C3%BC"),
            ("https://ü.example?ü", "https://ü.example?%C3%BC"),
            ("https://ü.example", "https://ü.example"),
            // These have neither scheme nor host.
            ("/go?to=https://ü/x y", "/go?to=https://%C3%BC/x%20y"),
            ("/x y://ü/z", "/x%20y://%C3%BC/z"),
        ] {
            assert_eq!(encoded_url(given), encoded);
        }
    }

    #[test]
    fn what_needs_no_encoding_is_not_copied() {
        for given in ["", "/v1/~a!$%2B+?b=|", "https://a.example/x?sig=%2B+/"] {
            assert!(matches!(encoded_url(given), Cow::Borrowed(it) if it == given));
        }
    }
}
