//! Reads text as a person who looks for a token in it: letters, however they are written.

use crate::hex::hex_number;

/// What one piece of text stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Letter {
    Ascii(u8),
    /// Nothing that is seen, and so nothing that parts two letters.
    Hidden,
    Other,
}

/// The first letter of `text`, and how many bytes it is written with: itself, `%41` (RFC 3986
/// §2.1), or `\u0041` or `\/` (RFC 8259 §7).
pub(crate) fn first(text: &str) -> Option<(Letter, usize)> {
    let bytes = text.as_bytes();
    Some(match (*bytes.first()?, bytes.get(1)) {
        (b'%', Some(_)) => match percent_decoded(text) {
            Some(c) => (of(c), 3 * c.len_utf8()),
            None => (Letter::Ascii(b'%'), 1),
        },
        (b'\\', Some(b'/')) => (Letter::Ascii(b'/'), 2),
        (b'\\', Some(b'u')) => match bytes.get(2..6).and_then(hex_char) {
            Some(c) => (of(c), 6),
            None => (Letter::Ascii(b'\\'), 1),
        },
        (byte, _) if byte.is_ascii_graphic() => (Letter::Ascii(byte), 1),
        _ => {
            let c = text.chars().next()?;
            (of(c), c.len_utf8())
        }
    })
}

/// The character that `text` begins with, each byte of its UTF-8 in the form `%41`.
fn percent_decoded(text: &str) -> Option<char> {
    let mut utf8 = [0; 4];
    for len in 1..=utf8.len() {
        let at = 3 * (len - 1);
        let Some([b'%', digits @ ..]) = text.as_bytes().get(at..at + 3) else {
            return None;
        };
        utf8[len - 1] = u8::try_from(hex_number(digits)?).ok()?;
        if let Ok(c) = str::from_utf8(&utf8[..len]) {
            return c.chars().next();
        }
    }
    None
}

fn hex_char(digits: &[u8]) -> Option<char> {
    char::from_u32(hex_number(digits)?)
}

fn of(c: char) -> Letter {
    match c {
        '\t' | '\n' | '\r' | ' '..='~' => Letter::Ascii(c as u8),
        c if c.is_control() || is_invisible(c) || is_part(c) => Letter::Hidden,
        _ => Letter::Other,
    }
}

/// Characters that reorder, hide or break the text around them.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Characters that only choose how their neighbours look.
fn is_part(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_in_each_of_its_forms() {
        for (text, letter, bytes) in [
            ("a", Letter::Ascii(b'a'), 1),
            ("%61bc", Letter::Ascii(b'a'), 3),
            ("%5F", Letter::Ascii(b'_'), 3),
            ("%E2%80%8B", Letter::Hidden, 9),
            ("%C3%a9", Letter::Other, 6),
            ("\\u0061", Letter::Ascii(b'a'), 6),
            ("\\/", Letter::Ascii(b'/'), 2),
            ("\\u200B", Letter::Hidden, 6),
            ("\u{ad}", Letter::Hidden, 2),
            ("\u{fe0f}", Letter::Hidden, 3),
            ("\0", Letter::Hidden, 1),
            ("\n", Letter::Ascii(b'\n'), 1),
            ("é", Letter::Other, 2),
            // No such form.
            ("%", Letter::Ascii(b'%'), 1),
            ("%6", Letter::Ascii(b'%'), 1),
            ("%é", Letter::Ascii(b'%'), 1),
            ("%+1", Letter::Ascii(b'%'), 1),
            ("%C3", Letter::Ascii(b'%'), 1),
            ("%C3%41", Letter::Ascii(b'%'), 1),
            ("%E2%80%8", Letter::Ascii(b'%'), 1),
            ("%FF%FF%FF%FF", Letter::Ascii(b'%'), 1),
            ("\\u+061", Letter::Ascii(b'\\'), 1),
            ("\\uD800", Letter::Ascii(b'\\'), 1),
            ("\\n", Letter::Ascii(b'\\'), 1),
        ] {
            assert_eq!(first(text), Some((letter, bytes)), "{text:?}");
        }
        assert_eq!(first(""), None);
    }
}
