use std::io::{self, Write};

use comfycontrol_core::Escaped;
use serde::Serialize;

/// Standard output, as text or as JSON. Text of the server is shown on one line, with what would
/// steer a terminal escaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    json: bool,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// One value: its JSON, or `text`, whose parts are escaped already.
    pub(crate) fn value(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        if self.json {
            self.json(value)
        } else {
            self.line(&text())
        }
    }

    /// One value as JSON, in a line.
    pub(crate) fn json(self, value: &impl Serialize) -> io::Result<()> {
        self.line(&harmless_json(&serde_json::to_string(value)?))
    }

    pub(crate) fn line(self, line: &str) -> io::Result<()> {
        // Not `println!`, which panics when its reader has gone.
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes())?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Bytes as they came.
    pub(crate) fn bytes(self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// What a person is to know although the command goes on, on standard error.
    pub(crate) fn note(self, what: &str) {
        let what = Escaped::single_spaced(what, 1_000).into_string();
        if self.json {
            self.aside(&serde_json::json!({ "note": what }).to_string());
        } else {
            self.aside(&format!("note: {what}"));
        }
    }

    /// A line on standard error. Its reader may have gone: that is no reason to end.
    pub(crate) fn aside(self, line: &str) {
        let mut stderr = io::stderr().lock();
        _ = stderr
            .write_all(line.as_bytes())
            .and_then(|()| stderr.write_all(b"\n"));
    }
}

/// Text of the server, for a terminal.
pub(crate) fn shown(text: &str) -> String {
    Escaped::single_spaced(text, 200).into_string()
}

/// JSON may have all characters but a few as they are: here those that would steer a terminal are
/// written by their number.
fn harmless_json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '\u{7f}'..='\u{9f}' => line += &format!("\\u{:04x}", u32::from(letter)),
            other => line.push(other),
        }
    }
    line
}

/// Text as the last argument of a command that a person may paste into a shell.
pub(crate) fn argument(text: &str) -> String {
    let options_end = if text.starts_with('-') { "-- " } else { "" };
    format!("{options_end}{}", quoted(text))
}

/// Text as one word for a shell.
pub(crate) fn quoted(text: &str) -> String {
    let text = shown(text);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{argument, harmless_json};

    #[test]
    fn json_steers_no_terminal_and_says_the_same() {
        let name = "a\u{9b}31m\u{7f}\u{1b}\u{e9}";
        let line = harmless_json(&serde_json::to_string(name).unwrap());
        assert!(!line.chars().any(char::is_control), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), name);
    }

    #[test]
    fn what_a_server_calls_a_run_is_one_argument_of_a_shell() {
        for (id, pasted) in [
            ("cf26a55f-a82c", "cf26a55f-a82c"),
            ("x; rm -r .", "'x; rm -r .'"),
            ("--json", "-- --json"),
            ("-x $(y)", "-- '-x $(y)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(argument(id), pasted);
        }
    }
}
