//! Reads text as a person does who looks for a token in it: letters, however they are written.

/// What one piece of text stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Letter {
    Ascii(u8),
    /// Nothing that is seen, and so nothing that parts two letters.
    Hidden,
    Other,
}

/// The first letter of `text`, and how many bytes it is written with: itself, `%41` (RFC 3986 §2.1), or `\u0041` or `\/`
/// (RFC 8259 §7).
pub(crate) fn first(text: &str) -> Option<(Letter, usize)> {
    let bytes = text.as_bytes();
    Some(match (*bytes.first()?, bytes.get(1)) {
        (b'%', Some(_)) => match code(text, 1, 2) {
            Some(c) if c.is_ascii() => (of(c), 3),
            _ => (Letter::Ascii(b'%'), 1),
        },
        (b'\\', Some(b'/')) => (Letter::Ascii(b'/'), 2),
        (b'\\', Some(b'u')) => match code(text, 2, 4) {
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

fn code(text: &str, from: usize, digits: usize) -> Option<char> {
    let digits = text.get(from..from + digits)?;
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| all)?)
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
            ("\\u+061", Letter::Ascii(b'\\'), 1),
            ("\\uD800", Letter::Ascii(b'\\'), 1),
            ("\\n", Letter::Ascii(b'\\'), 1),
        ] {
            assert_eq!(first(text), Some((letter, bytes)), "{text:?}");
        }
        assert_eq!(first(""), None);
    }
}
