use std::path::{Path, PathBuf};
use std::time::Duration;

use comfycontrol_rate_limit::Unavailable;
use comfycontrol_rate_limit_file::{FileError, FileErrorKind, FileStore};
use comfycontrol_test_store::failure;
use tempfile::TempDir;

pub(crate) use comfycontrol_test_store::{KEEP, read, record, swap, version};

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

/// What was wrong with the file.
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, Unavailable>) -> FileErrorKind {
    failure(result, FileError::kind)
}
