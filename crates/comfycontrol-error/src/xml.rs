//! The errors of stores of files: `<Error><Code>…</Code><Message>…</Message>…</Error>`, as S3, R2,
//! GCS and Azure send them.

/// What such a document tells.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct StoreError {
    /// `Code` and `Message`, joined; only what is there whole.
    pub(crate) said: String,
    /// It says that the time of a signed URL is over.
    pub(crate) is_expired: bool,
}

/// Reads an error document.
pub(crate) fn store_error(document: &str) -> Option<StoreError> {
    let document = document.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let mut tags = document.starts_with('<').then_some(Tags(document))?;
    let (_, root) = tags.next()?;
    if local(root) != "Error" || root.ends_with('/') {
        return None;
    }
    let (mut code, mut message, mut is_expired) = (None, None, false);
    let mut depth = 1;
    let mut open = "";
    for (text, tag) in tags {
        if tag.starts_with('/') {
            let name = if depth == 2 { local(open) } else { "" };
            // The last two are GCS's and Azure's.
            is_expired |= matches!(
                name,
                "Code" | "Message" | "Details" | "AuthenticationErrorDetail"
            ) && says_expired(&text);
            match name {
                "Code" => code = code.or(Some(text)),
                "Message" => message = message.or(Some(text)),
                _ => {}
            }
            open = "";
            depth -= 1;
            if depth == 0 {
                break;
            }
        } else if !tag.ends_with('/') {
            open = tag;
            depth += 1;
        }
    }
    let said: Vec<String> = [code, message].into_iter().flatten().collect();
    (!said.is_empty()).then(|| StoreError {
        said: said.join(": "),
        is_expired,
    })
}

fn says_expired(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    // Azure's words for it are the second.
    ["expired", "not valid in the specified time frame"]
        .iter()
        .any(|said| text.contains(said))
}

/// A tag's name without its prefix and what follows it.
fn local(tag: &str) -> &str {
    let name = tag.split([' ', '\t', '\r', '\n', '/']).next();
    name.and_then(|name| name.rsplit(':').next()).unwrap_or("")
}

/// The tags of a document, each with the text before it; comments and instructions are left out.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = (String, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let mut text = String::new();
        loop {
            let (before, rest) = self.0.split_once('<')?;
            unescape(before, &mut text);
            self.0 = if let Some(rest) = rest.strip_prefix("![CDATA[") {
                let (data, rest) = rest.split_once("]]>")?;
                text.push_str(data);
                rest
            } else if let Some(rest) = rest.strip_prefix("!--") {
                rest.split_once("-->")?.1
            } else if rest.starts_with(['?', '!']) {
                rest.split_once('>')?.1
            } else {
                let (tag, rest) = rest.split_once('>')?;
                self.0 = rest;
                return Some((text, tag));
            };
        }
    }
}

/// Adds text with its references resolved (XML 1.0 §4.1, §4.6); one that is none stays as it is.
fn unescape(mut text: &str, out: &mut String) {
    while let Some((before, rest)) = text.split_once('&') {
        out.push_str(before);
        let end = rest.bytes().take(MAX_NAME + 1).position(|b| b == b';');
        let reference = end.map(|end| (&rest[..end], &rest[end + 1..]));
        text = match reference.and_then(|(name, rest)| Some((character(name)?, rest))) {
            Some((character, rest)) => {
                out.push(character);
                rest
            }
            None => {
                out.push('&');
                rest
            }
        };
    }
    out.push_str(text);
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "apos" => Some('\''),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "quot" => Some('"'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

/// The longest reference there is: `#x10ffff`.
const MAX_NAME: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_message_are_those_of_the_error_itself() {
        for (document, said) in [
            ("<Error><Code>A</Code><Message>b</Message></Error>", "A: b"),
            ("<Error><Message>b</Message><Code>A</Code></Error>", "A: b"),
            ("<Error><Code>A</Code></Error>", "A"),
            (
                "\n<?xml version='1.0'?><!-- <Error> -->\n<Error xmlns=\"x\">\n <Code>A</Code>",
                "A",
            ),
            ("<s:Error><s:Code >A</s:Code></s:Error>", "A"),
            ("<Error><In><Code>B</Code></In><Code>A</Code></Error>", "A"),
            ("<Error><Code/><Message>b</Message></Error>", "b"),
            (
                "<Error><Message>a &lt;b&gt; &amp;&#38;&#x26; &c; &</Message>",
                "a <b> &&& &c; &",
            ),
            (
                "<Error><Message><![CDATA[<b> &amp;]]>!</Message>",
                "<b> &amp;!",
            ),
        ] {
            let error = store_error(document).unwrap();
            assert_eq!(error.said, said, "{document}");
        }
    }

    #[test]
    fn another_document_and_half_a_message_say_nothing() {
        for document in [
            "",
            "Error",
            "<html><Code>A</Code></html>",
            "<Error/><Code>A</Code>",
            "<Error><Code>cut sho",
            "<Error><Code>cut</Co",
            "<Error></Error><Code>A</Code>",
            "<Error><Message><![CDATA[open",
            "<>",
            "</></></>",
            "said <Error><Code>A</Code></Error>",
        ] {
            assert_eq!(store_error(document), None, "{document}");
        }
    }

    #[test]
    fn a_reference_ends_within_its_length_and_its_letters() {
        for (text, read) in [
            ("&lt;&gt;&amp;&apos;&quot;", "<>&'\""),
            ("&#x10ffff;", "\u{10ffff}"),
            ("&#x0000041;", "&#x0000041;"),
            ("&amp", "&amp"),
            ("&ampamp;&amp;", "&ampamp;&"),
            (
                "&\u{fc}\u{fc}\u{fc}\u{fc}\u{fc};",
                "&\u{fc}\u{fc}\u{fc}\u{fc}\u{fc};",
            ),
        ] {
            let mut out = String::new();
            unescape(text, &mut out);
            assert_eq!(out, read, "{text}");
        }
    }

    #[test]
    fn a_word_elsewhere_in_the_document_does_not_say_that_a_url_has_expired() {
        for (inside, expired) in [
            ("<Code>ExpiredToken</Code>", true),
            ("<Code>A</Code><Details>it has expired</Details>", true),
            ("<Code>A</Code><Resource>/b/expired.png</Resource>", false),
            ("<Code>A</Code><In><Code>ExpiredToken</Code></In>", false),
        ] {
            let error = store_error(&format!("<Error>{inside}</Error>")).unwrap();
            assert_eq!(error.is_expired, expired, "{inside}");
        }
    }
}
