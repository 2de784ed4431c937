use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfycontrol_rate_limit::{Reading, Record, Replaced, Store, Unavailable, Version};
use comfycontrol_rate_limit_file::{FileError, FileErrorKind, FileStore};
use tempfile::TempDir;

pub(crate) const KEEP: Duration = Duration::from_secs(23);

/// A file in a directory of its own.
pub(crate) struct Budget {
    _directory: TempDir,
    pub(crate) path: PathBuf,
}

impl Budget {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("budget");
        Self {
            _directory: directory,
            path,
        }
    }

    /// The store as one more process has it.
    pub(crate) fn open(&self) -> FileStore {
        open(&self.path)
    }
}

/// It waits longer than a busy machine makes it.
pub(crate) fn open(path: &Path) -> FileStore {
    let store = FileStore::open(path).unwrap();
    store.with_wait(Duration::from_secs(20))
}

pub(crate) fn version(number: u8) -> Version {
    Version::from_bytes([number; 16])
}

pub(crate) fn record(number: u8) -> Record {
    Record {
        version: version(number),
        content: vec![number; 760],
    }
}

/// Swaps the record of one number for the next.
pub(crate) async fn swap(store: &FileStore, seen: Option<u8>, number: u8) -> Replaced {
    let replaced = store.replace(seen.map(version), record(number), KEEP);
    replaced.await.unwrap()
}

pub(crate) async fn read(store: &FileStore) -> Reading {
    store.read().await.unwrap()
}

/// What was wrong with the file.
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, Unavailable>) -> FileErrorKind {
    let error = result.unwrap_err();
    let source: &FileError = error.source().unwrap().downcast_ref().unwrap();
    source.kind()
}
