//! Makes foreign text fit to be shown: no tokens, nothing a terminal obeys.

/// The text with tokens masked and invisible characters escaped.
pub(crate) fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = split_token(rest) {
            shown.push_str(MASK);
            rest = after;
        } else {
            push(&mut shown, c);
            rest = &rest[c.len_utf8()..];
        }
    }
    shown
}

/// What follows a token that `text` begins with.
fn split_token(text: &str) -> Option<&str> {
    let random = text.strip_prefix("cfc_")?;
    // `_` too, lest `cfc_cfc_abc` be masked up to `_abc`.
    let after = random.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (after.len() < random.len()).then_some(after)
}

fn push(shown: &mut String, c: char) {
    match c {
        '\t' => shown.push_str("\\t"),
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        c if c.is_control() || is_invisible(c) => shown.extend(c.escape_unicode()),
        c => shown.push(c),
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
    use super::*;

    #[test]
    fn masks_tokens_and_escapes_what_a_terminal_obeys_or_hides() {
        for (text, shown) in TABLE {
            assert_eq!(clean(text), shown);
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
