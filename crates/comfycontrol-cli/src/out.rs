use std::io::{self, Write};

use comfycontrol_core::Escaped;
use serde::Serialize;

/// Standard output, as text or as JSON. Text of the server is shown on one line, with what would steer a
/// terminal escaped.
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
            self.line(&serde_json::to_string(value)?)
        } else {
            self.line(&text())
        }
    }

    pub(crate) fn line(self, line: &str) -> io::Result<()> {
        // Not `println!`, which panics when nobody reads.
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

    /// A line on standard error. Nobody may read it any more: that is no reason to end.
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
