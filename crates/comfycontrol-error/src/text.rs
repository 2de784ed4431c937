//! Makes text from a server fit to be shown: one line, bounded, no secrets, nothing a terminal obeys.

use std::borrow::Cow;

use http::StatusCode;

/// The text with tokens masked, invisible characters escaped, and everything past `max` characters cut.
///
/// The result has at most `max` characters, and one more, `…`, where something was cut.
pub(crate) fn clean(text: &str, max: usize) -> String {
    show(text, max, false)
}

/// Like [`clean`], with every run of white space become one space.
pub(crate) fn clean_words(text: &str, max: usize) -> String {
    show(text, max, true)
}

fn show(text: &str, max: usize, one_space: bool) -> String {
    let mut shown = String::new();
    let mut room = max;
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        let (piece, after) = match split_token(rest) {
            Some(after) => (Cow::Borrowed(MASK), after),
            None if one_space && c.is_whitespace() => (Cow::Borrowed(" "), rest.trim_start()),
            None => (escape(c), &rest[c.len_utf8()..]),
        };
        let width = piece.chars().count();
        if width > room {
            shown.push('…');
            break;
        }
        room -= width;
        shown.push_str(&piece);
        rest = after;
    }
    shown
}

/// What is worth showing of a body that is not JSON: its text, or the title of a page.
pub(crate) fn snippet(body: &str, max: usize) -> String {
    if body.trim_start().starts_with('<') {
        clean_words(title(body).unwrap_or_default(), max)
    } else {
        clean_words(body, max)
    }
}

/// A URL reference fit to be shown: without user, query and fragment, which may hold secrets.
pub(crate) fn without_query(reference: &str, max: usize) -> String {
    let end = reference.find(['?', '#']).unwrap_or(reference.len());
    let path = &reference[..end];
    let authority = path.find("//").map_or(0, |slashes| slashes + 2);
    let (scheme, rest) = path.split_at(authority);
    let host = rest.find('/').unwrap_or(rest.len());
    match rest[..host].rfind('@') {
        Some(at) if authority > 0 => clean(&format!("{scheme}{}", &rest[at + 1..]), max),
        _ => clean(path, max),
    }
}

/// The phrase for a status, also for those only the edge uses.
pub(crate) fn reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        520 => "Web Server Returned An Unknown Error",
        521 => "Web Server Is Down",
        522 => "Connection Timed Out",
        523 => "Origin Is Unreachable",
        524 => "A Timeout Occurred",
        525 => "SSL Handshake Failed",
        526 => "Invalid SSL Certificate",
        530 => "Origin Unavailable",
        _ => status.canonical_reason().unwrap_or("Unknown Status"),
    }
}

fn title(page: &str) -> Option<&str> {
    // Lower-casing ASCII keeps every byte's place, so that positions hold in both.
    let lower = page.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let start = tag + lower[tag..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    Some(&page[start..end])
}

/// What follows a token that `text` begins with.
fn split_token(text: &str) -> Option<&str> {
    let random = text.strip_prefix("cfc_")?;
    // `_` too, lest `cfc_cfc_abc` be masked up to `_abc`.
    let after = random.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (after.len() < random.len()).then_some(after)
}

fn escape(c: char) -> Cow<'static, str> {
    match c {
        '\t' => Cow::Borrowed("\\t"),
        '\n' => Cow::Borrowed("\\n"),
        '\r' => Cow::Borrowed("\\r"),
        c if c.is_control() || is_invisible(c) => Cow::Owned(c.escape_unicode().to_string()),
        c => Cow::Owned(c.to_string()),
    }
}

/// Characters that reorder, hide or break the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

const MASK: &str = "cfc_***";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn masks_tokens_and_escapes_what_a_terminal_obeys_or_hides() {
        for (text, shown) in TABLE {
            assert_eq!(clean(text, 100), shown);
        }
    }

    #[test]
    fn cuts_between_characters_and_says_so() {
        assert_eq!(clean("äöü", 3), "äöü");
        assert_eq!(clean("äöüß", 3), "äöü…");
        assert_eq!(clean("ab\u{1b}", 5), "ab…");
        assert_eq!(clean("ab cfc_secret", 9), "ab …");
    }

    #[test]
    fn shows_of_a_page_only_its_title() {
        let page = "<!DOCTYPE html>\n<HEAD><Title lang=en>\n Access  denied </TITLE></HEAD><p>x";
        assert_eq!(snippet(page, 100), "Access denied");
        assert_eq!(snippet("<html><p>no title", 100), "");
        assert_eq!(snippet("<title>never closed", 100), "");
        assert_eq!(snippet("  plain\n words ", 100), "plain words");
    }

    #[test]
    fn shows_of_a_location_neither_user_nor_query() {
        for (location, shown) in [
            ("https://a.example/b?token=c", "https://a.example/b"),
            ("https://user:pw@a.example/b#c", "https://a.example/b"),
            ("https://user:p@w@a.example", "https://a.example"),
            ("//user@a.example/b", "//a.example/b"),
            ("/login?next=/v1", "/login"),
            ("/@user", "/@user"),
            ("https://a.example/@user", "https://a.example/@user"),
            ("?a", ""),
        ] {
            assert_eq!(without_query(location, 100), shown);
        }
    }

    #[test]
    fn has_a_phrase_for_the_statuses_only_the_edge_uses() {
        for status in (520..=526).chain([530]) {
            let status = StatusCode::from_u16(status).unwrap();
            assert_ne!(reason(status), "Unknown Status", "{status}");
        }
    }

    proptest! {
        #[test]
        fn leaves_ordinary_text_alone(text in "[a-zA-Z0-9.,:;(){}\"'<>/-]([ -^`-~äπ漢]{0,98}[a-z.])?") {
            prop_assert_eq!(clean(&text, 100), text);
        }

        #[test]
        fn nothing_harmful_gets_through(
            text in proptest::collection::vec(
                prop_oneof!["cfc_", "[a-zA-Z0-9_]{0,9}", "\\PC{0,3}", "\\p{Any}{0,3}", "\\p{C}"],
                0..20,
            ),
            max in 0usize..60,
        ) {
            let text = text.concat();
            let shown = clean(&text, max);
            prop_assert!(shown.chars().count() <= max + 1);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)), "{:?}", shown);
            let leaks = shown.split("cfc_").skip(1);
            let leaks = leaks.filter(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
            prop_assert_eq!(leaks.count(), 0, "{:?}", shown);
        }
    }

    // === support ===

    /// The same table stands in every crate that shows foreign text.
    const TABLE: [(&str, &str); 14] = [
        ("cfc_abc123", "cfc_***"),
        ("a cfc_abc, cfc_1é", "a cfc_***, cfc_***é"),
        ("(cfc_a)(xcfc_b.c)", "(cfc_***)(xcfc_***.c)"),
        // The prefix pasted twice, and a token in a variable's name.
        ("cfc_cfc_abc", "cfc_***"),
        ("cfc_abc_def", "cfc_***"),
        ("cfc__abc", "cfc_***"),
        // The bare prefix is no secret, and helps to understand a message.
        ("must start with cfc_", "must start with cfc_"),
        ("cfc_-abc", "cfc_-abc"),
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
        ("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c"),
        ("a\u{200b}b\0c", "a\\u{200b}b\\u{0}c"),
        ("äπ漢 'x' \"y\" \\", "äπ漢 'x' \"y\" \\"),
    ];
}
