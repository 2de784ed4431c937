use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::{fmt, str};

use comfycontrol::priority::Key;
use subtle::ConstantTimeEq;

use super::secret::{self, Hash};

pub(super) struct List(Vec<(Key, Hash)>);

impl List {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidCallerKeys> {
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            keys.push(entry(line).ok_or(InvalidCallerKeys::Line(number))?);
        }
        if keys.is_empty() {
            return Err(InvalidCallerKeys::Empty);
        }
        Ok(Self(keys))
    }

    /// Compares with all of them, in a time that does not tell how near it came.
    pub(super) fn find(&self, key: &[u8]) -> Option<Key> {
        let hash = secret::digest(key);
        let mut found = None;
        for (name, known) in &self.0 {
            if bool::from(known.ct_eq(&hash)) {
                found = Some(name);
            }
        }
        found.cloned()
    }
}

fn entry(line: &str) -> Option<(Key, Hash)> {
    let (name, hash) = line.split_once(char::is_whitespace)?;
    let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
    (visible && name.len() <= 64).then_some(())?;
    Some((Key::from(name), secret::parse(hash.trim_start())?))
}

pub(super) fn read(path: &Path) -> Result<String, InvalidCallerKeys> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(InvalidCallerKeys::Unreadable)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(InvalidCallerKeys::Unreadable)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(InvalidCallerKeys::TooLarge);
    }
    String::from_utf8(text).map_err(|_| InvalidCallerKeys::NotText)
}

const MAX_BYTES: u64 = 1024 * 1024;

/// The file of a [`CallerKeys`](crate::CallerKeys) cannot be used. Nothing of it is shown.
#[derive(Debug)]
#[non_exhaustive]
pub enum InvalidCallerKeys {
    /// It has no key.
    Empty,
    /// The line of this number, from 1, is not a name and a hash of 64 hexadecimal digits.
    Line(usize),
    /// It is not UTF-8 text.
    NotText,
    /// It is larger than 1 MiB.
    TooLarge,
    /// The program ends.
    Unfinished,
    /// The system cannot read it.
    Unreadable(io::Error),
}

impl fmt::Display for InvalidCallerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("callers' keys: ")?;
        match self {
            Self::Empty => f.write_str("the file has none"),
            Self::Line(number) => write!(
                f,
                "line {number} is not a name and the SHA-256 of a key in hexadecimal digits"
            ),
            Self::NotText => f.write_str("the file is not text"),
            Self::TooLarge => f.write_str("the file is larger than 1 MiB"),
            Self::Unfinished => f.write_str("the file was not read to its end"),
            Self::Unreadable(e) => write!(f, "the file cannot be read: {e}"),
        }
    }
}

impl Error for InvalidCallerKeys {}
