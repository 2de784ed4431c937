use std::char::EscapeUnicode;
use std::fmt::{self, Write};

/// Text from elsewhere, as it may be shown: one line, bounded, no tokens, nothing a terminal obeys.
///
/// `Display` leaves out white space at both ends and puts
/// * `cfc_***` for `cfc_` and all letters, digits and `_` that follow it, wherever it stands,
/// * `\t`, `\n` and `\r` for those three, and
/// * `\u{..}` for every other control character, and for those that reorder, hide or break text.
///
/// Of what comes of it, it shows at most `max_chars` characters, and one more, `…`, where there is more. No mask
/// and no escape is cut in two. `Debug` shows the same as a string literal.
///
/// ```
/// use comfycontrol_error::Harmless;
///
/// let text = "bad token cfc_abc123\n\u{1b}[31m";
/// assert_eq!(Harmless::new(text, 100).to_string(), r"bad token cfc_***\n\u{1b}[31m");
/// assert_eq!(Harmless::new(text, 12).to_string(), "bad token …");
/// ```
#[derive(Clone, Copy)]
pub struct Harmless<'a> {
    text: &'a str,
    max_chars: usize,
    one_space: bool,
}

impl<'a> Harmless<'a> {
    /// At most `max_chars` characters of `text`, and `…` where there are more.
    pub fn new(text: &'a str, max_chars: usize) -> Self {
        Self {
            text: text.trim(),
            max_chars,
            one_space: false,
        }
    }

    /// The same, with every run of white space become one space.
    pub(crate) fn words(text: &'a str, max_chars: usize) -> Self {
        Self {
            one_space: true,
            ..Self::new(text, max_chars)
        }
    }

    pub(crate) fn into_string(self) -> String {
        let mut shown = String::with_capacity(self.text.len().min(self.max_chars));
        // Writing to a string cannot fail.
        let _ = self.write_to(&mut shown);
        shown
    }

    fn write_to(self, out: &mut impl Write) -> fmt::Result {
        let mut room = self.max_chars;
        let mut rest = self.text;
        loop {
            let end = rest.len().min(room);
            let special = (0..end).find(|at| !self.is_plain(rest.as_bytes(), *at));
            let (run, special) = rest.split_at(special.unwrap_or(end));
            out.write_str(run)?;
            room -= run.len();
            let Some(c) = special.chars().next() else {
                return Ok(());
            };
            let piece;
            (piece, rest) = match split_token(special) {
                Some(after) => (Piece::Text(MASK), after),
                None if self.one_space && c.is_whitespace() => {
                    (Piece::Text(" "), special.trim_start())
                }
                None => (Piece::of(c), &special[c.len_utf8()..]),
            };
            let Some(left) = room.checked_sub(piece.width()) else {
                return out.write_char('…');
            };
            room = left;
            piece.write_to(out)?;
        }
    }

    /// Whether the byte at `at` is a character that stands for itself, as most do.
    fn is_plain(self, bytes: &[u8], at: usize) -> bool {
        match bytes[at] {
            b' ' if self.one_space => bytes.get(at + 1).is_some_and(u8::is_ascii_graphic),
            b' ' => true,
            b'c' => !bytes[at..].starts_with(b"cfc_"),
            byte => byte.is_ascii_graphic(),
        }
    }
}

impl fmt::Display for Harmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

impl fmt::Debug for Harmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.into_string(), f)
    }
}

/// What is shown for one character, or for a token.
enum Piece {
    Char(char),
    Escaped(EscapeUnicode),
    Text(&'static str),
}

impl Piece {
    fn of(c: char) -> Self {
        match c {
            '\t' => Self::Text("\\t"),
            '\n' => Self::Text("\\n"),
            '\r' => Self::Text("\\r"),
            c if c.is_control() || is_invisible(c) => Self::Escaped(c.escape_unicode()),
            c => Self::Char(c),
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::Char(_) => 1,
            Self::Escaped(escape) => escape.len(),
            Self::Text(text) => text.len(),
        }
    }

    fn write_to(self, out: &mut impl Write) -> fmt::Result {
        match self {
            Self::Char(c) => out.write_char(c),
            Self::Escaped(escape) => write!(out, "{escape}"),
            Self::Text(text) => out.write_str(text),
        }
    }
}

/// What follows a token that `text` begins with.
fn split_token(text: &str) -> Option<&str> {
    let random = text.strip_prefix("cfc_")?;
    // `_` too, lest `cfc_cfc_abc` be masked up to `_abc`.
    let after = random.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (after.len() < random.len()).then_some(after)
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
            assert_eq!(Harmless::new(text, 100).to_string(), shown);
            assert_eq!(
                format!("{:?}", Harmless::new(text, 100)),
                format!("{shown:?}")
            );
        }
    }

    #[test]
    fn escapes_every_character_that_is_not_seen_or_moves_others() {
        let ranges = [
            '\0'..=' ',
            '\u{7f}'..='\u{9f}',
            '\u{ad}'..='\u{ad}',
            '\u{61c}'..='\u{61c}',
            '\u{180e}'..='\u{180e}',
            '\u{200b}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2060}'..='\u{206f}',
            '\u{feff}'..='\u{feff}',
            '\u{fff9}'..='\u{fffb}',
            '\u{e0000}'..='\u{e007f}',
        ];
        for c in ranges.into_iter().flatten().filter(|c| *c != ' ') {
            let shown = Harmless::new(&format!("a{c}b"), 100).to_string();
            assert!(shown.starts_with("a\\") && shown.ends_with('b'), "{c:?}");
        }
    }

    #[test]
    fn cuts_between_characters_and_says_so() {
        for (text, max, shown) in [
            ("äöü", 3, "äöü"),
            ("äöüß", 3, "äöü…"),
            ("abc", 3, "abc"),
            ("abcd", 3, "abc…"),
            ("ab\u{1b}", 5, "ab…"),
            ("ab cfc_secret", 9, "ab …"),
            ("  a  ", 1, "a"),
            ("a", 0, "…"),
            (" ", 0, ""),
        ] {
            assert_eq!(Harmless::new(text, max).to_string(), shown, "{text:?}");
        }
    }

    #[test]
    fn of_words_only_the_space_between_them_is_kept() {
        let words = |text| Harmless::words(text, 11).into_string();
        assert_eq!(words("\ta \n\u{a0}b\r\nc cfc_d\t\t"), "a b c …");
        assert_eq!(words(" a   cfc_d "), "a cfc_***");
    }

    proptest! {
        #[test]
        fn agrees_with_the_naive_reading(text in foreign(), max in 0usize..60, one_space: bool) {
            let harmless = if one_space { Harmless::words(&text, max) } else { Harmless::new(&text, max) };
            prop_assert_eq!(harmless.to_string(), naive(&text, max, one_space));
            prop_assert_eq!(harmless.into_string(), harmless.to_string());
        }

        #[test]
        fn leaves_ordinary_text_alone(text in "[a-zA-Z0-9.,:;(){}\"'<>/-]([ -^`-~äπ漢]{0,98}[a-z.])?") {
            prop_assert_eq!(Harmless::new(&text, 100).to_string(), text);
        }

        #[test]
        fn nothing_harmful_gets_through(text in foreign(), max in 0usize..60) {
            let shown = Harmless::new(&text, max).to_string();
            prop_assert!(shown.chars().count() <= max + 1);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)), "{:?}", shown);
            let leaks = shown.split("cfc_").skip(1);
            let leaks = leaks.filter(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
            prop_assert_eq!(leaks.count(), 0, "{:?}", shown);
        }
    }

    // === support ===

    fn foreign() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "cfc_",
            "[a-zA-Z0-9_]{0,9}",
            "[ \t\r\n]{0,3}",
            "\\PC{0,3}",
            "\\p{Any}{0,3}",
            "\\p{C}"
        ];
        proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    /// Character by character, each become a text of its own.
    fn naive(text: &str, max: usize, one_space: bool) -> String {
        let mut pieces = Vec::new();
        let mut rest = text.trim();
        while let Some(c) = rest.chars().next() {
            let run = rest.len() - rest.trim_start().len();
            let (piece, taken) = match split_token(rest) {
                Some(after) => (MASK.to_owned(), rest.len() - after.len()),
                None if one_space && run > 0 => (" ".to_owned(), run),
                None if "\t\n\r".contains(c) => (c.escape_default().to_string(), 1),
                None if c.is_control() || is_invisible(c) => {
                    (c.escape_unicode().to_string(), c.len_utf8())
                }
                None => (c.to_string(), c.len_utf8()),
            };
            pieces.push(piece);
            rest = &rest[taken..];
        }
        let mut width = 0;
        let fits = pieces.iter().take_while(|piece| {
            width += piece.chars().count();
            width <= max
        });
        let fits = fits.count();
        let cut = if fits < pieces.len() { "…" } else { "" };
        pieces[..fits].concat() + cut
    }

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
