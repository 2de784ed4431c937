use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use comfycontrol::{Error, Report};

use super::saved::SavedFile;
use crate::{OutputId, shown};

/// Not all outputs of a run were saved. Of those that were not, nothing is left on disk.
///
/// `Display` is one line and shows no link.
pub struct SaveError {
    failure: Box<Failure>,
    output: Option<OutputId>,
    saved: Vec<SavedFile>,
}

/// Why an output could not be saved.
#[derive(Debug)]
pub(super) enum Failure {
    Disk { path: PathBuf, source: io::Error },
    Download(Error),
    Gone,
    Incomplete { have: u64, length: Option<u64> },
    TooLarge { most: u64 },
}

/// What a [`SaveError`] is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SaveErrorKind {
    /// The disk: [`as_disk`](SaveError::as_disk).
    Disk,
    /// The download, or the request for the outputs and their links:
    /// [`as_download`](SaveError::as_download).
    Download,
    /// The API does not list the output any more.
    Gone,
    /// The file never came whole, or nothing says that it has.
    Incomplete,
    /// The file has more bytes than [allowed](crate::Save::max_bytes).
    TooLarge,
}

impl Failure {
    pub(super) fn disk(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Disk { path, source }
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Download(e)
    }
}

impl SaveError {
    pub(super) fn new(failure: Failure, output: Option<OutputId>, saved: Vec<SavedFile>) -> Self {
        Self {
            failure: Box::new(failure),
            output,
            saved,
        }
    }

    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> SaveErrorKind {
        match *self.failure {
            Failure::Disk { .. } => SaveErrorKind::Disk,
            Failure::Download(_) => SaveErrorKind::Download,
            Failure::Gone => SaveErrorKind::Gone,
            Failure::Incomplete { .. } => SaveErrorKind::Incomplete,
            Failure::TooLarge { .. } => SaveErrorKind::TooLarge,
        }
    }

    /// The first output that could not be saved; `None` if the directory could not be made, or the
    /// outputs could not be listed.
    #[must_use]
    pub fn output(&self) -> Option<&OutputId> {
        self.output.as_ref()
    }

    /// The files that were still saved.
    #[must_use]
    pub fn saved(&self) -> &[SavedFile] {
        &self.saved
    }

    /// What the disk said, and about which path.
    #[must_use]
    pub fn as_disk(&self) -> Option<(&Path, &io::Error)> {
        match &*self.failure {
            Failure::Disk { path, source } => Some((path, source)),
            _ => None,
        }
    }

    /// What the download failed with.
    #[must_use]
    pub fn as_download(&self) -> Option<&Error> {
        match &*self.failure {
            Failure::Download(source) => Some(source),
            _ => None,
        }
    }
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.output {
            Some(output) => write!(f, "output {output} was not saved: ")?,
            None => f.write_str("no output was saved: ")?,
        }
        match &*self.failure {
            Failure::Disk { path, source } => {
                let path = path.to_string_lossy();
                write!(f, "{}: {source}", shown::text(&path))
            }
            Failure::Download(e) => write!(f, "{e}"),
            Failure::Gone => f.write_str("the API does not list it any more"),
            Failure::Incomplete { have, length } => match length {
                Some(length) => write!(f, "{have} of {length} bytes came"),
                None => write!(f, "{have} bytes came, and nothing says whether that is all"),
            },
            Failure::TooLarge { most } => write!(f, "it has more than {most} bytes"),
        }
    }
}

/// The whole chain on one line, for that is what `main` prints of the error it ends with.
impl fmt::Debug for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Report::new(self), f)
    }
}

impl StdError for SaveError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &*self.failure {
            // The text of either stands in ours.
            Failure::Disk { source, .. } => source.source(),
            Failure::Download(e) => e.source(),
            Failure::Gone | Failure::Incomplete { .. } | Failure::TooLarge { .. } => None,
        }
    }
}
