use std::borrow::Cow;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use comfycontrol_core::Escaped;

use super::bounded;
use super::error::{SourceError, SourceErrorKind};
use super::interval::SHORTEST_INTERVAL;
use super::token_source::TokenSource;
use crate::Token;

/// A source that reads the token from the file at `path`, which holds nothing else.
///
/// The file is a regular one of at most 4 KiB, or a link to one. It is read at most once in 1 s of
/// use, and its content is compared, not its date. Write the next token into another file and
/// rename it over this one; a file changed in place works too, and is believed once two readings
/// agree. A file that others may read brings a `tracing` warning (Unix).
///
/// ```
/// use comfycontrol_token::{TokenSource, file};
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("token");
/// std::fs::write(&path, "cfc_abc123\n")?;
/// assert_eq!(file(&path).read()?.header(), "Bearer cfc_abc123");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn file(path: impl Into<PathBuf>) -> FileSource {
    FileSource {
        path: path.into(),
        warned: AtomicBool::new(false),
    }
}

/// Source of the token in a file, made by [`file`](file()).
pub struct FileSource {
    path: PathBuf,
    warned: AtomicBool,
}

impl FileSource {
    fn content(&self) -> Result<Token, SourceErrorKind> {
        // Opening may itself have effects on what is not a file (a tape winds back), so look first
        // ...
        check_regular(&fs::metadata(&self.path).map_err(problem)?)?;
        let mut file = open(&self.path).map_err(problem)?;
        // ... and again, since the path may by now lead elsewhere.
        let metadata = file.metadata().map_err(problem)?;
        check_regular(&metadata)?;
        self.warn_if_open_to_others(&metadata);
        bounded::token(&bounded::read(&mut file).map_err(problem)?)
    }

    #[cfg(unix)]
    fn warn_if_open_to_others(&self, metadata: &fs::Metadata) {
        use std::os::unix::fs::PermissionsExt;

        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                source = Escaped::new(&self.name(), usize::MAX).into_string(),
                mode = format_args!("{mode:03o}"),
                "the token file is open to other users: set its mode to 600",
            );
        }
    }

    #[cfg(not(unix))]
    fn warn_if_open_to_others(&self, _: &fs::Metadata) {
        let _ = self.warned.load(Ordering::Relaxed);
    }
}

impl TokenSource for FileSource {
    fn read(&self) -> Result<Token, SourceError> {
        self.content()
            .map_err(|problem| SourceError::new(self.name(), problem))
    }

    fn name(&self) -> Cow<'_, str> {
        format!("file {}", self.path.display()).into()
    }

    fn interval(&self) -> Duration {
        SHORTEST_INTERVAL
    }

    fn may_be_torn(&self) -> bool {
        true
    }
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSource({})", Escaped::new(&self.name(), usize::MAX))
    }
}

/// Opens without waiting for a process at the other end.
fn open(path: &PathBuf) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    options.open(path)
}

fn check_regular(metadata: &fs::Metadata) -> Result<(), SourceErrorKind> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(SourceErrorKind::NotRegularFile),
    }
}

fn problem(error: io::Error) -> SourceErrorKind {
    match error.kind() {
        ErrorKind::NotFound => SourceErrorKind::NotFound,
        kind => SourceErrorKind::Io(kind),
    }
}
