//! What a journal says, a line each: no I/O.

use comfycontrol_api::WorkflowId;
use serde::{Deserialize, Serialize};

/// The first line: which batch it is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Head {
    pub(crate) journal: u32,
    /// A random one, which its keys begin with.
    pub(crate) batch: String,
    /// What its runs are called, before their keys.
    pub(crate) name: String,
    pub(crate) tags: Vec<String>,
    /// SHA-256.
    pub(crate) graph: String,
    pub(crate) table: String,
}

/// Each line after it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Entry {
    /// The second since 1970 at which it was written.
    pub(crate) at: u64,
    /// The line of the row in the table.
    pub(crate) line: u64,
    #[serde(flatten)]
    pub(crate) event: Event,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub(crate) enum Event {
    /// The request to start it is about to leave.
    Sending { key: String },
    /// It runs.
    Started { id: WorkflowId, adopted: bool },
    /// It was certainly not started.
    Refused { why: String },
    /// Its run has ended otherwise than completed.
    Failed { why: String },
    /// It is to be run once more, although its run has failed.
    Again,
    /// Its files are there.
    Saved { files: u64 },
    /// Its folder was removed, and the API does not have its files any more.
    Gone,
}

impl Head {
    /// The form of journals that this program reads and writes.
    pub(crate) const JOURNAL: u32 = 1;

    /// What differs from the batch that is to be done.
    pub(crate) fn mismatch(&self, wanted: &Self) -> Option<&'static str> {
        let checks = [
            ("the program that wrote it", self.journal == wanted.journal),
            ("the graph", self.graph == wanted.graph),
            ("the table", self.table == wanted.table),
            ("the name", self.name == wanted.name),
            ("the tags", self.tags == wanted.tags),
        ];
        let differs = checks.into_iter().find(|(_, is_same)| !is_same);
        differs.map(|(what, _)| what)
    }

    /// By what the run of a row is found again, of which this is the first try or a later one.
    pub(crate) fn key(&self, line: u64, attempt: u32) -> String {
        let batch = &self.batch;
        match attempt {
            1 => format!("{batch}-{line}"),
            later => format!("{batch}-{line}-{later}"),
        }
    }
}

/// What the bytes of a journal say, and how many of them do.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Read {
    pub(crate) head: Option<Head>,
    pub(crate) entries: Vec<Entry>,
    /// What follows was not written to its end, as when the machine failed: it says nothing.
    pub(crate) length: usize,
}

/// Reads the lines up to where they end. One that is not whole may only be the last: each that had
/// to be there before something was done was on the disk before.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, String> {
    let mut read = Read {
        head: None,
        entries: Vec::new(),
        length: 0,
    };
    let mut wrong: Option<String> = None;
    for (number, line) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let parsed = match (line.strip_suffix(b"\n"), &read.head) {
            (None, _) => Err("it is cut off".to_owned()),
            (Some(line), None) => serde_json::from_slice(line)
                .map(|head| read.head = Some(head))
                .map_err(|e| e.to_string()),
            (Some(line), Some(_)) => serde_json::from_slice(line)
                .map(|entry| read.entries.push(entry))
                .map_err(|e| e.to_string()),
        };
        match (parsed, &wrong) {
            (Ok(()), None) => read.length += line.len(),
            (Ok(()), Some(wrong)) => return Err(wrong.clone()),
            (Err(e), None) => wrong = Some(format!("line {number}: {e}")),
            (Err(_), Some(_)) => {}
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (Head, Vec<Entry>, Vec<u8>) {
        let head = Head {
            journal: Head::JOURNAL,
            batch: "f00".to_owned(),
            name: "sunset".to_owned(),
            tags: vec!["gpu".to_owned()],
            graph: "1".to_owned(),
            table: "2".to_owned(),
        };
        let key = head.key(2, 1);
        let id = WorkflowId::from("a");
        let why = "\u{1b}\n".to_owned();
        let events = [
            (2, Event::Sending { key }),
            (2, Event::Started { id, adopted: false }),
            (3, Event::Refused { why: why.clone() }),
            (2, Event::Failed { why }),
            (2, Event::Again),
            (4, Event::Saved { files: 1 }),
            (4, Event::Gone),
        ];
        let entry = |(line, event)| Entry { at: 5, line, event };
        let entries: Vec<_> = events.map(entry).into();
        let mut bytes = serde_json::to_vec(&head).unwrap();
        bytes.push(b'\n');
        for entry in &entries {
            bytes.extend(serde_json::to_vec(entry).unwrap());
            bytes.push(b'\n');
        }
        (head, entries, bytes)
    }

    #[test]
    fn a_journal_that_is_cut_anywhere_says_what_was_whole_before() {
        let (head, entries, bytes) = written();
        for length in 0..=bytes.len() {
            let cut = &bytes[..length];
            let whole = cut.iter().filter(|byte| **byte == b'\n').count();
            let end = cut
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            // A disk may have made the file longer before it had the bytes.
            for tail in [&b""[..], b"\0\0\0", b"\0\n\0"] {
                let read = read(&[cut, tail].concat()).unwrap();
                assert_eq!(read.head.as_ref(), (whole > 0).then_some(&head));
                assert_eq!(read.entries, entries[..whole.saturating_sub(1)]);
                assert_eq!(read.length, end);
            }
        }
    }

    #[test]
    fn a_line_in_the_middle_that_says_nothing_is_an_error() {
        let (_, _, bytes) = written();
        let text = String::from_utf8(bytes)
            .unwrap()
            .replacen("\"at\":5", "\"at\":x", 1);
        let told = read(text.as_bytes()).unwrap_err();
        assert!(told.starts_with("line 2: "), "{told}");
    }

    #[test]
    fn another_graph_table_name_or_tag_is_told() {
        let (head, ..) = written();
        assert_eq!(head.mismatch(&head), None);
        let other = |change: fn(&mut Head)| {
            let mut other = head.clone();
            change(&mut other);
            head.mismatch(&other)
        };
        assert_eq!(other(|head| head.batch.clear()), None);
        assert_eq!(other(|head| head.graph.clear()), Some("the graph"));
        assert_eq!(other(|head| head.table.clear()), Some("the table"));
        assert_eq!(other(|head| head.name.clear()), Some("the name"));
        assert_eq!(other(|head| head.tags.clear()), Some("the tags"));
    }

    #[test]
    fn keys_tell_rows_and_tries_apart() {
        let (head, ..) = written();
        assert_eq!(head.key(17, 1), "f00-17");
        assert_eq!(head.key(17, 2), "f00-17-2");
    }
}
