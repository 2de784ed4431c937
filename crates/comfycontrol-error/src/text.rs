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
}
