//! How `Debug` shows what the server wrote: bounded, tokens masked, control characters escaped.

use comfycontrol_core::{Escaped, bare_url};

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
    text(&bare_url(url)).to_string()
}

/// Characters a field.
const MOST_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        let given = "https://u:p@cfc_secret.example/x?sig=s";
        assert_eq!(url(given), "https://cfc_***.example/x");
    }
}
