use std::borrow::Cow;
use std::char;

use percent_encoding::percent_decode;

use crate::hex::hex_number;

/// A path as it is written, and as it reads after each time that it is decoded.
///
/// `None` comes in place of what is still encoded after more decodings than a sender can mean.
pub(super) struct Readings<'a> {
    next: Option<Cow<'a, [u8]>>,
    left: u8,
}

impl<'a> Readings<'a> {
    pub(super) fn of(path: &'a str) -> Self {
        Self {
            next: Some(path.as_bytes().into()),
            left: MOST_READINGS,
        }
    }
}

impl<'a> Iterator for Readings<'a> {
    type Item = Option<Cow<'a, [u8]>>;

    fn next(&mut self) -> Option<Self::Item> {
        let reading = self.next.take()?;
        if self.left == 0 {
            return Some(None);
        }
        self.left -= 1;
        let decoded = lenient(&decode(&reading));
        self.next = (decoded != *reading).then(|| decoded.into());
        Some(Some(reading))
    }
}

/// Undoes `%xx`, and the `%uxxxx` of some servers.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest
        .windows(2)
        .position(|pair| matches!(pair, b"%u" | b"%U"))
    {
        plain.extend(percent_decode(&rest[..at]));
        let code = rest
            .get(at + 2..at + 6)
            .and_then(hex_number)
            .and_then(char::from_u32);
        match code {
            Some(code) => {
                plain.extend(code.encode_utf8(&mut [0; 4]).bytes());
                rest = &rest[at + 6..];
            }
            None => {
                plain.extend(&rest[at..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    plain.extend(percent_decode(rest));
    plain
}

/// Reads UTF-8 as readers do that accept overlong forms, and fullwidth characters for the narrow
/// ones.
fn lenient(text: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        match ascii_of_several(rest) {
            Some((ascii, length)) => {
                read.push(ascii);
                rest = &rest[length..];
            }
            None => {
                read.push(first);
                rest = after;
            }
        }
    }
    read
}

/// The ASCII character that is written in more than one byte here, and in how many.
fn ascii_of_several(text: &[u8]) -> Option<(u8, usize)> {
    let (&first, more) = text.split_first()?;
    let (length, bits) = match first {
        0xc0..=0xdf => (2, first & 0x1f),
        0xe0..=0xef => (3, first & 0x0f),
        0xf0..=0xf7 => (4, first & 0x07),
        0xf8..=0xfb => (5, first & 0x03),
        0xfc..=0xfd => (6, first & 0x01),
        _ => return None,
    };
    let mut code = u32::from(bits);
    for byte in more.get(..length - 1)? {
        if byte & 0xc0 != 0x80 {
            return None;
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    let narrow = match code {
        // Dot leaders of one and two, and small forms: compatible with dots and a backslash (NFKC).
        0x2024 | 0x2025 | 0xfe52 => 0x2e,
        0xfe68 => 0x5c,
        // U+FF01 to U+FF5E are the printable characters of ASCII, fullwidth.
        0xff01..=0xff5e => code - 0xfee0,
        code => code,
    };
    let ascii = u8::try_from(narrow).ok().filter(u8::is_ascii)?;
    Some((ascii, length))
}

/// No sender encodes a path more often on purpose.
const MOST_READINGS: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_no_character_stands_for_itself_and_what_follows_is_decoded() {
        for (text, plain) in [
            ("/v1/%u002e%2e", "/v1/.."),
            ("/v1/%uzz%2e%41", "/v1/%uzz.A"),
            ("/v1/%ud800%2e", "/v1/%ud800."),
            ("%u+02e%2e", "%u+02e."),
            ("/v1/a%U", "/v1/a%U"),
            ("/v1/%u2%u0041", "/v1/%u2A"),
        ] {
            assert_eq!(String::from_utf8(decode(text.as_bytes())).unwrap(), plain);
        }
    }

    #[test]
    fn a_dot_is_read_in_each_length_that_it_can_be_written_with() {
        for dot in [
            &b"\xc0\xae"[..],
            b"\xe0\x80\xae",
            b"\xf0\x80\x80\xae",
            b"\xf8\x80\x80\x80\xae",
            b"\xfc\x80\x80\x80\x80\xae",
        ] {
            assert_eq!(lenient(&[b"a", dot, b"b"].concat()), b"a.b");
            // A byte too few.
            let short = &dot[..dot.len() - 1];
            assert_eq!(lenient(short), short);
        }
        // The bits that make it more than ASCII are looked at.
        for other in [
            &b"\xc2\xae"[..],
            b"\xe1\x80\xae",
            b"\xf1\x80\x80\xae",
            b"\xf9\x80\x80\x80\xae",
            b"\xfd\x80\x80\x80\x80\xae",
        ] {
            assert_eq!(lenient(other), other);
        }
    }
}
