/// Shows bytes on a terminal that cannot steer it: control characters but tabs and line ends are
/// escaped, those of one byte, those of two in UTF-8, and those that an 8-bit terminal takes for
/// one.
#[derive(Debug, Default)]
pub(crate) struct TerminalEscape {
    /// The last byte began a character of two bytes that may be a control character.
    pending: bool,
    /// How many bytes the last character of UTF-8 still lacks.
    due: u8,
}

impl TerminalEscape {
    pub(crate) fn piece(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let (pending, due) = (std::mem::take(&mut self.pending), self.due);
            self.due = match byte {
                0x80..0xC0 => due.saturating_sub(1),
                0xC2..0xE0 => 1,
                0xE0..0xF0 => 2,
                0xF0..0xF5 => 3,
                _ => 0,
            };
            match byte {
                0x80..0xA0 if pending => {
                    shown.extend(format!("\\u{{{byte:x}}}").bytes());
                    continue;
                }
                0xA0..0xC0 if pending => shown.push(C1_LEAD),
                _ if pending => escape(C1_LEAD, &mut shown),
                _ => {}
            }
            match byte {
                b'\t' | b'\n' => shown.push(byte),
                0..0x20 | 0x7F => escape(byte, &mut shown),
                0x80..0xA0 if due == 0 => escape(byte, &mut shown),
                C1_LEAD => self.pending = true,
                _ => shown.push(byte),
            }
        }
        shown
    }

    /// What was kept back because it might have been the first half of something.
    pub(crate) fn end(self) -> Vec<u8> {
        let mut shown = Vec::new();
        if self.pending {
            escape(C1_LEAD, &mut shown);
        }
        shown
    }
}

fn escape(byte: u8, shown: &mut Vec<u8>) {
    shown.extend(format!("\\x{byte:02x}").bytes());
}

/// U+0080 to U+00BF begin with it.
const C1_LEAD: u8 = 0xC2;

#[cfg(test)]
mod tests {
    use super::TerminalEscape;

    fn whole(bytes: &[u8]) -> Vec<u8> {
        let mut escape = TerminalEscape::default();
        let mut shown = escape.piece(bytes);
        shown.extend(escape.end());
        shown
    }

    #[test]
    fn what_steers_a_terminal_is_escaped_and_all_else_is_as_it_was() {
        let text = "a\tb\nc\u{1b}[31m \u{9b}31m \u{a0}\u{e9}\u{1f600}\r\u{7f}";
        let shown = "a\tb\nc\\x1b[31m \\u{9b}31m \u{a0}\u{e9}\u{1f600}\\x0d\\x7f";
        assert_eq!(whole(text.as_bytes()), shown.as_bytes());
        // Wherever the pieces end.
        let mut escape = TerminalEscape::default();
        let bytes = text.bytes().flat_map(|byte| escape.piece(&[byte]));
        assert_eq!(bytes.collect::<Vec<_>>(), shown.as_bytes());
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_and_steer_nothing() {
        for (bytes, shown) in [
            (b"\x9b31m".as_slice(), br"\x9b31m".as_slice()),
            (b"a\xc2", br"a\xc2"),
            (b"\xc2b", br"\xc2b"),
            (b"\xc2\xc2\x9b", br"\xc2\u{9b}"),
            (b"\xe9\x9b\xaa\x9b", b"\xe9\x9b\xaa\\x9b"),
        ] {
            assert_eq!(whole(bytes), shown, "{bytes:?}");
        }
    }
}
