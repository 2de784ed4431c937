use std::char::EscapeUnicode;
use std::fmt::{self, Write};

use crate::known_secret::{self, Finder};
use crate::letters::{self, Letter, is_invisible};

/// Displays untrusted text on one line: bounded, tokens masked, control characters escaped.
///
/// `Display` leaves out white space at both ends and puts
/// * `cfc_***` for `cfc_` and all letters, digits and `_` that follow it, wherever it stands, with
///   invisible characters in it, percent-encoded or escaped as in JSON,
/// * `***` for each piece of a [`KnownSecret`](crate::KnownSecret),
/// * `\t`, `\n` and `\r` for those three, and
/// * `\u{..}` for every other control character, and for those that reorder, hide or break text.
///
/// Other forms of a secret cannot be known: encoded twice, in base64, spelt with blanks, or in
/// pieces of fewer than eight characters.
///
/// It shows at most `max_chars` characters of the result, and one more, `…`, where there is more.
/// No mask and no escape is cut in two. `Debug` shows the same as a string literal.
///
/// ```
/// use comfycontrol_core::Escaped;
///
/// let text = "bad token cfc_abc123\n\u{1b}[31m";
/// assert_eq!(Escaped::new(text, 100).to_string(), r"bad token cfc_***\n\u{1b}[31m");
/// assert_eq!(Escaped::new(text, 12).to_string(), "bad token …");
/// ```
#[derive(Clone, Copy)]
pub struct Escaped<'a> {
    text: &'a str,
    max_chars: usize,
    one_space: bool,
}

impl<'a> Escaped<'a> {
    /// Shows at most `max_chars` characters of `text`, and `…` where there are more.
    #[must_use]
    pub fn new(text: &'a str, max_chars: usize) -> Self {
        Self {
            text: text.trim(),
            max_chars,
            one_space: false,
        }
    }

    /// As [`new`](Self::new), with one space in place of every run of white space.
    #[must_use]
    pub fn single_spaced(text: &'a str, max_chars: usize) -> Self {
        Self {
            one_space: true,
            ..Self::new(text, max_chars)
        }
    }

    /// Returns what `Display` prints, in one allocation for ordinary text.
    #[must_use]
    pub fn into_string(self) -> String {
        let mut shown = String::with_capacity(self.text.len().min(self.max_chars));
        // Writing to a string cannot fail.
        let _ = self.write_to(&mut shown);
        shown
    }

    fn write_to(self, out: &mut impl Write) -> fmt::Result {
        let mut room = self.max_chars;
        let mut rest = self.text;
        let mut known = Finder::new(self.text);
        loop {
            let end = rest.len().min(room);
            let bytes = rest.as_bytes();
            let special = self.find_special(bytes, end).unwrap_or(end);
            let at = self.text.len() - rest.len();
            let secret = known.as_mut().and_then(|it| it.next(at, at + special + 1));
            let (run, special) = match &secret {
                Some(secret) => rest.split_at(secret.start.saturating_sub(at)),
                None => rest.split_at(special),
            };
            out.write_str(run)?;
            room -= run.len();
            let Some(c) = special.chars().next() else {
                return Ok(());
            };
            let piece;
            (piece, rest) = match (split_token(special), secret) {
                (Some(after), _) => (Piece::Text(MASK), after),
                (None, Some(secret)) => (Piece::Text(MASK_OF_KNOWN), &self.text[secret.end..]),
                (None, None) if self.one_space && c.is_whitespace() => {
                    (Piece::Text(" "), special.trim_start())
                }
                (None, None) => (Piece::of(c), &special[c.len_utf8()..]),
            };
            let Some(left) = room.checked_sub(piece.width()) else {
                return out.write_char('…');
            };
            room = left;
            piece.write_to(out)?;
        }
    }

    /// Where the first byte before `end` is that does not stand for itself. Most of all text does,
    /// and a block of it is looked at in about the time of a byte.
    fn find_special(self, bytes: &[u8], end: usize) -> Option<usize> {
        let least = if self.one_space { b'!' } else { b' ' };
        let blocks = bytes[..end].chunks(BLOCK).enumerate();
        blocks
            .filter(|(_, block)| !are_ordinary(block, least))
            .flat_map(|(nth, block)| (nth * BLOCK..).take(block.len()))
            .find(|at| !self.is_plain(bytes, *at))
    }

    /// Whether the byte at `at` is a character that stands for itself, as most do.
    fn is_plain(self, bytes: &[u8], at: usize) -> bool {
        match bytes[at] {
            b' ' if self.one_space => bytes.get(at + 1).is_some_and(u8::is_ascii_graphic),
            b' ' => true,
            _ if may_begin_token(bytes, at) => {
                split_token(&self.text[self.text.len() - bytes.len() + at..]).is_none()
            }
            byte => byte.is_ascii_graphic(),
        }
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

impl fmt::Debug for Escaped<'_> {
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

/// Whether a closer look at what stands at `at` is worth its cost: most text has no token in it.
fn may_begin_token(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        // Both may stand for the first letter.
        b'%' | b'\\' => true,
        // What is not plain may be hidden between it and the second.
        b'c' => bytes
            .get(at + 1)
            .is_some_and(|next| matches!(next, b'f' | b'%' | b'\\') || !next.is_ascii_graphic()),
        _ => false,
    }
}

/// What follows a token that `text` begins with, however it is written.
fn split_token(text: &str) -> Option<&str> {
    let (mut at, mut end) = (0, 0);
    let mut prefix = PREFIX.iter();
    while let Some((letter, len)) = letters::first(&text[at..]) {
        at += len;
        match (letter, prefix.as_slice().first()) {
            (Letter::Hidden, _) if at > len => {}
            (Letter::Ascii(byte), Some(wanted)) if byte == *wanted => {
                prefix.next();
            }
            // `_` too: else `cfc_cfc_abc` is masked only up to `_abc`.
            (Letter::Ascii(byte), None) if byte.is_ascii_alphanumeric() || byte == b'_' => end = at,
            _ => break,
        }
    }
    (end > 0).then(|| &text[end..])
}

/// Whether a token or a known secret can be seen in `text`.
pub(crate) fn shows_secret(text: &str) -> bool {
    let begins =
        |at: &usize| may_begin_token(text.as_bytes(), *at) && split_token(&text[*at..]).is_some();
    (0..text.len()).any(|at| begins(&at))
        || known_secret::may_be_in(text)
            && Finder::new(text).is_some_and(|mut known| known.next(0, text.len()).is_some())
}

/// Whether all bytes, from `least` on, stand for themselves whatever is around them. Without a
/// branch, so that all are looked at together.
fn are_ordinary(block: &[u8], least: u8) -> bool {
    block.iter().fold(true, |all, &byte| {
        let in_range = (byte >= least) & (byte <= b'~');
        all & in_range & (byte != b'c') & (byte != b'%') & (byte != b'\\')
    })
}

const BLOCK: usize = 16;
const PREFIX: &[u8] = b"cfc_";
const MASK: &str = "cfc_***";
const MASK_OF_KNOWN: &str = "***";

#[cfg(test)]
mod tests;
