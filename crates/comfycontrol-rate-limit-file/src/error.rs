use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

/// Error of a [`FileStore`](crate::FileStore): the file cannot be used, so nothing is granted from
/// it.
///
/// The source of [`Unavailable`](comfycontrol_rate_limit::Unavailable), and the error of opening a
/// [`FileStore`](crate::FileStore).
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    kind: FileErrorKind,
    source: Option<io::Error>,
}

/// Why a file cannot keep the budget.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// Another process has held its lock for as long as this one waited: it was stopped, or is
    /// stuck.
    Locked {
        /// How long this one waited.
        waited: Duration,
    },
    /// It was cut, overwritten, or put back to an older state. It has been begun again without a
    /// record.
    Damaged,
    /// The file is not a store, or is one of another format. It was left as it is.
    Foreign,
    /// A process of another machine, of another run of it, or of another time namespace uses it at
    /// the same time.
    OtherMachine,
    /// It is on a network, where locks do not hold or clocks are not one.
    Network,
    /// Others than this user could get at its directory.
    NotPrivate,
    /// The record is larger than 64 KiB.
    RecordTooLarge,
    /// It could not be opened, read or written.
    Io(io::ErrorKind),
}

impl FileError {
    pub(crate) fn new(path: &Path, kind: FileErrorKind) -> Self {
        Self {
            path: path.to_owned(),
            kind,
            source: None,
        }
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            kind: FileErrorKind::Io(source.kind()),
            source: Some(source),
        }
    }

    /// What is wrong with the file.
    #[must_use]
    pub const fn kind(&self) -> FileErrorKind {
        self.kind
    }

    /// The path of the file that cannot be used.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.path)?;
        match self.kind {
            FileErrorKind::Locked { waited } => {
                write!(f, " is locked by another process; waited for {waited:?}")
            }
            FileErrorKind::Damaged => f.write_str(" was damaged and is begun anew"),
            FileErrorKind::Foreign => f.write_str(
                " holds something else than a store of this format; if it can go, delete it",
            ),
            FileErrorKind::OtherMachine => {
                f.write_str(" is used by another machine or time namespace")
            }
            FileErrorKind::Network => f.write_str(" is on a network file system"),
            FileErrorKind::NotPrivate => {
                f.write_str(" is in a directory that is not this user's alone")
            }
            FileErrorKind::RecordTooLarge => f.write_str(" cannot hold a record of that size"),
            FileErrorKind::Io(_) => f.write_str(" cannot be used"),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
