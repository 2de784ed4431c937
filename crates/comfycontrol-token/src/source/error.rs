use std::error::Error;
use std::fmt;
use std::io;

use comfycontrol_core::Escaped;

use crate::InvalidToken;

/// A source gave no token.
///
/// It names the source and its kind. What the source holds, and what a command printed, is
/// in no part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceError {
    name: Box<str>,
    kind: SourceErrorKind,
}

impl SourceError {
    /// Creates the error of the source called `name`, which has `kind`.
    ///
    /// White space around the name is dropped, control and invisible characters in it are escaped,
    /// and what looks like a token is masked: people do hand the token over where its variable's
    /// name belongs.
    pub fn new(name: impl AsRef<str>, kind: SourceErrorKind) -> Self {
        Self {
            name: shown(name.as_ref()),
            kind,
        }
    }

    /// Creates an error in the words of your own source.
    ///
    /// Both texts are escaped and masked as in [`new`](Self::new).
    pub fn other(name: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        Self::new(name, SourceErrorKind::Other(shown(message.as_ref())))
    }

    /// The name of the source that could not give a token.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with it.
    pub fn kind(&self) -> &SourceErrorKind {
        &self.kind
    }

    /// Whether there is nothing at all, not something broken.
    pub(crate) fn is_not_found(&self) -> bool {
        match &self.kind {
            SourceErrorKind::NotFound => true,
            SourceErrorKind::AllFailed(errors) => errors.iter().all(Self::is_not_found),
            _ => false,
        }
    }

    /// Whether a writer that is about to finish would explain it.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self.kind,
            SourceErrorKind::InvalidToken(_)
                | SourceErrorKind::NotUtf8
                | SourceErrorKind::Unsettled
        )
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.kind {
            SourceErrorKind::AllFailed(errors) => {
                for (n, error) in errors.iter().enumerate() {
                    write!(f, "{}{error}", if n == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            SourceErrorKind::Asynchronous => {
                f.write_str("asynchronous, so only `preload_async` can preload it")
            }
            SourceErrorKind::Exited { code: Some(code) } => write!(f, "ended with code {code}"),
            SourceErrorKind::Exited { code: None } => f.write_str("ended by a signal"),
            SourceErrorKind::Expired => f.write_str("gives a token that has expired"),
            SourceErrorKind::InvalidToken(error) => write!(f, "{error}"),
            SourceErrorKind::Io(kind) => write!(f, "{kind}"),
            SourceErrorKind::NoRuntime => {
                f.write_str("not read, because there is no tokio runtime to read it in")
            }
            SourceErrorKind::NotFound => f.write_str("not there"),
            SourceErrorKind::NotRegularFile => f.write_str("not a regular file"),
            SourceErrorKind::NotUtf8 => f.write_str("not UTF-8 text"),
            SourceErrorKind::Other(message) => f.write_str(message),
            SourceErrorKind::Panicked => f.write_str("panicked"),
            SourceErrorKind::TimedOut => f.write_str("took too long"),
            SourceErrorKind::TooLarge => f.write_str("holds more than a token can be long"),
            SourceErrorKind::Unauthorized => {
                f.write_str("gives a token for which the server sent a 401")
            }
            SourceErrorKind::Unread => {
                f.write_str("not read, because no thread could be started or the runtime shut down")
            }
            SourceErrorKind::Unsettled => f.write_str("changed while it was being read"),
        }
    }
}

// `Display` tells all there is, so there is no `source`.
impl Error for SourceError {}

/// Why a source gave no token.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SourceErrorKind {
    /// None of several sources gave a token; their errors in order.
    AllFailed(Vec<SourceError>),
    /// It is asynchronous and was to be read by
    /// [`TokenProvider::preload`](crate::TokenProvider::preload), which blocks.
    Asynchronous,
    /// The command said that it failed; without a code, a signal ended it.
    Exited {
        /// The exit code.
        code: Option<i32>,
    },
    /// It gives a token that has ended, while the present one has not.
    Expired,
    /// Its content is not a token.
    InvalidToken(InvalidToken),
    /// It could not be read.
    Io(io::ErrorKind),
    /// It is asynchronous, and the call that needs it is not polled in a tokio runtime.
    NoRuntime,
    /// No such variable, file or program.
    NotFound,
    /// A directory, a pipe, a device.
    NotRegularFile,
    /// It holds something other than UTF-8.
    NotUtf8,
    /// In the words of your own source.
    Other(Box<str>),
    /// It panicked.
    Panicked,
    /// The command did not end in time, or left its output open; or a call has waited for a reading
    /// longer than the [read timeout](crate::TokenProvider::set_read_timeout).
    TimedOut,
    /// More than 4 KiB.
    TooLarge,
    /// It gives a token for which the server has sent a 401.
    Unauthorized,
    /// There was no free thread to read it, or the runtime shut down first.
    Unread,
    /// It gave something else each time it was read.
    Unsettled,
}

fn shown(text: &str) -> Box<str> {
    Escaped::new(text, usize::MAX).into_string().into()
}
