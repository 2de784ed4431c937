//! The journal on disk: written line by line, by one program at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

use super::entry::{Entry, Event, Head, read};
use crate::failure::Failure;

/// A journal that no other program writes to as long as this is there.
#[derive(Clone, Debug)]
pub(crate) struct Journal(Arc<Mutex<Open>>);

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    length: u64,
    /// Nothing is written after what could not be written.
    broken: bool,
}

/// What was in it.
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) head: Head,
    pub(crate) entries: Vec<Entry>,
}

impl Journal {
    /// Opens the journal of a directory, which is made if it is not there, or begins one.
    pub(crate) fn open(directory: &Path, wanted: Head) -> Result<Opened, Failure> {
        let path = directory.join(NAME);
        let failed = |e: io::Error| Failure::Setting(format!("{}: {e}", path.display()));
        std::fs::create_dir_all(directory).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let directory = directory.display();
                return Err(Failure::Setting(format!(
                    "another batch works in {directory}"
                )));
            }
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let told = |what: String| Failure::Setting(format!("{}: {what}", path.display()));
        let read = read(&bytes).map_err(told)?;
        // Without an entry nothing was sent: it may as well be another batch.
        let head = read.head.filter(|_| !read.entries.is_empty());
        let is_new = head.is_none();
        let length = if is_new { 0 } else { read.length as u64 };
        file.set_len(length).map_err(failed)?;
        file.seek(SeekFrom::Start(length)).map_err(failed)?;
        let head = head.unwrap_or_else(|| wanted.clone());
        if let Some(what) = head.mismatch(&wanted) {
            return Err(told(format!(
                "{what} is not that of this journal; the batch goes on with what it was begun with, \
                 or begins in another directory"
            )));
        }
        let journal = Self(Arc::new(Mutex::new(Open {
            file,
            path: path.clone(),
            length,
            broken: false,
        })));
        if is_new {
            let begun = journal.line(&head);
            begun.and_then(|()| journal.sync()).map_err(failed)?;
            sync_directory(directory).map_err(failed)?;
        }
        Ok(Opened {
            journal,
            head,
            entries: read.entries,
        })
    }

    /// Writes what has happened. A machine that fails may forget it, and then it is found out
    /// again.
    pub(crate) fn write(&self, entry: &Entry) -> io::Result<()> {
        self.line(entry)
    }

    /// Writes what is about to be done, and returns when it is on the disk.
    pub(crate) async fn write_down(&self, entry: Entry) -> io::Result<()> {
        let journal = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            journal.write(&entry)?;
            journal.sync()
        });
        written.await.map_err(io::Error::other)?
    }

    /// The path of a journal that could not be written to.
    pub(crate) fn broken(&self) -> Option<PathBuf> {
        let open = self.open_file();
        open.broken.then(|| open.path.clone())
    }

    fn line(&self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let mut open = self.open_file();
        if open.broken {
            return Err(io::Error::other("the journal is broken"));
        }
        if let Err(e) = open.file.write_all(&line) {
            // Or half a line would stand in the middle of it.
            let length = open.length;
            _ = open.file.set_len(length);
            open.broken = true;
            return Err(e);
        }
        open.length += line.len() as u64;
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        // Others may write meanwhile.
        let file = self.open_file().file.try_clone()?;
        file.sync_data()
            .inspect_err(|_| self.open_file().broken = true)
    }

    fn open_file(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    pub(crate) fn now(line: u64, event: Event) -> Self {
        let at = seconds();
        Self { at, line, event }
    }
}

/// Since 1970.
#[expect(clippy::disallowed_methods, reason = "this is the shell")]
pub(crate) fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map(|since| since.as_secs()).unwrap_or_default()
}

/// So that a name in it is there after the machine has failed.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(directory)?.sync_all(),
        // Others open no directories.
        false => Ok(()),
    }
}

pub(crate) const NAME: &str = "batch.jsonl";
