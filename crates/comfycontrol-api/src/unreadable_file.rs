use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use comfycontrol::Error;
use tokio::io::AsyncReadExt;

use crate::shown;

/// A file that was to be sent cannot be read. Nothing was sent.
///
/// As an [`Error`] it is of the kind [`Request`](comfycontrol::ErrorKind::Request), and this is its
/// [cause](Error::as_cause).
#[derive(Debug)]
pub struct UnreadableFile {
    path: PathBuf,
    source: io::Error,
}

impl UnreadableFile {
    pub(crate) fn new(path: PathBuf, source: io::Error) -> Self {
        Self { path, source }
    }

    /// The path of the file that was not read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why the file was not read.
    #[must_use]
    pub fn io_error(&self) -> &io::Error {
        &self.source
    }
}

impl fmt::Display for UnreadableFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.to_string_lossy();
        write!(f, "{} cannot be read", shown::text(&path))
    }
}

impl StdError for UnreadableFile {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}

impl From<UnreadableFile> for Error {
    fn from(e: UnreadableFile) -> Self {
        Self::refused(e)
    }
}

/// Reads a whole file, as far as it can be sent.
pub(crate) async fn read(path: &Path) -> Result<Vec<u8>, UnreadableFile> {
    let read = async {
        // By what is read: not all that can be read says how long it is.
        let file = tokio::fs::File::open(path).await?;
        let mut read = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut read).await?;
        if read.len() as u64 > MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(read)
    };
    let unreadable = |source| UnreadableFile::new(path.to_owned(), source);
    read.await.map_err(unreadable)
}

/// What a form may have, as the API documents it.
const MOST_BYTES: u64 = 50 * 1024 * 1024;
