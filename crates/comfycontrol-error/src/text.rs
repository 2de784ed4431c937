//! What is shown of the text in a response.

use std::borrow::Cow;

use comfycontrol_core::Escaped;

/// [`String::from_utf8_lossy`], several times as fast where nothing is lost.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// What is worth showing of a body that is not JSON: its text, or the title of a page.
pub(crate) fn snippet(body: &str, max: usize) -> String {
    if body.trim_start().starts_with('<') {
        Escaped::single_spaced(title(body).unwrap_or_default(), max).into_string()
    } else {
        Escaped::single_spaced(body, max).into_string()
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
        Some(at) if authority > 0 => {
            Escaped::new(&format!("{scheme}{}", &rest[at + 1..]), max).into_string()
        }
        _ => Escaped::new(path, max).into_string(),
    }
}

fn title(page: &str) -> Option<&str> {
    let mut tags = page.split('<').skip(1);
    let tag = tags.find(|tag| {
        let name = tag.as_bytes().get(..5);
        name.is_some_and(|name| name.eq_ignore_ascii_case(b"title"))
    })?;
    // Without an end it may be cut short, in the middle of anything.
    tags.next()?;
    let (_, title) = tag.split_once('>')?;
    Some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
