/// Shows bytes on a terminal that cannot steer it: control characters but tabs and line ends are escaped,
/// those of one byte and those of two in UTF-8.
#[derive(Debug, Default)]
pub(crate) struct Harmless {
    /// The last byte began a character of two bytes that may be a control character.
    pending: bool,
}

impl Harmless {
    pub(crate) fn piece(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let pending = std::mem::replace(&mut self.pending, byte == C1_LEAD);
            match byte {
                b'\t' | b'\n' => shown.push(byte),
                0..0x20 | 0x7F => shown.extend(format!("\\x{byte:02x}").bytes()),
                0x80..0xA0 if pending => shown.extend(format!("\\u{{{byte:x}}}").bytes()),
                C1_LEAD => {}
                _ if pending => shown.extend([C1_LEAD, byte]),
                _ => shown.push(byte),
            }
        }
        shown
    }
}

/// U+0080 to U+00BF begin with it.
const C1_LEAD: u8 = 0xC2;

#[cfg(test)]
mod tests {
    use super::Harmless;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_all_else_is_as_it_was() {
        let text = "a\tb\nc\u{1b}[31m \u{9b}31m \u{a0}\u{e9}\u{1f600}\r\u{7f}";
        let shown = "a\tb\nc\\x1b[31m \\u{9b}31m \u{a0}\u{e9}\u{1f600}\\x0d\\x7f";
        assert_eq!(Harmless::default().piece(text.as_bytes()), shown.as_bytes());
        // Wherever the pieces end.
        let mut harmless = Harmless::default();
        let bytes = text.bytes().flat_map(|byte| harmless.piece(&[byte]));
        assert_eq!(bytes.collect::<Vec<_>>(), shown.as_bytes());
    }
}
