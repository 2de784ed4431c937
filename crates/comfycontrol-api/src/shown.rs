//! How `Debug` shows what the server wrote: bounded, tokens masked, control characters escaped.

use comfycontrol_core::Escaped;

/// One field.
pub(crate) fn text(text: &str) -> Escaped<'_> {
    Escaped::new(text, MOST_SHOWN)
}

/// A field that may be absent.
pub(crate) fn optional(text: &Option<String>) -> Option<Escaped<'_>> {
    text.as_deref().map(self::text)
}

/// A list of texts.
pub(crate) fn list(texts: &[String]) -> Vec<Escaped<'_>> {
    texts.iter().map(|text| self::text(text)).collect()
}

/// A URL up to its query, without user and password.
pub(crate) fn url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => match url.strip_prefix("//") {
            Some(rest) => ("//".to_owned(), rest),
            None => (String::new(), url),
        },
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    text(&format!("{scheme}{host}{path}")).to_string()
}

/// Characters a field.
const MOST_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        for (given, seen) in [
            (
                "https://u:p@a.example:8188/x?sig=s#t",
                "https://a.example:8188/x",
            ),
            ("http://u@b@c.example", "http://c.example"),
            ("u:p@d.example/y@z", "d.example/y@z"),
            ("https://cfc_secret.example", "https://cfc_***.example"),
            ("//u:p@e.example/z", "//e.example/z"),
            ("", ""),
        ] {
            assert_eq!(url(given), seen, "{given}");
        }
    }
}
