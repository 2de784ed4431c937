use std::error::Error;
use std::fmt;
use std::io;

use crate::InvalidToken;
use crate::text::clean;

/// A source gave no token.
///
/// It names the source and its problem. What the source holds, and what a command printed, is
/// in no part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceError {
    name: Box<str>,
    problem: SourceProblem,
}

impl SourceError {
    /// Says that the source called `name` has `problem`.
    ///
    /// Control and invisible characters in the name are escaped, and what looks like a token is masked: people
    /// do hand the token over where its variable's name belongs.
    pub fn new(name: impl AsRef<str>, problem: SourceProblem) -> Self {
        Self {
            name: clean(name.as_ref()).into(),
            problem,
        }
    }

    /// Says what went wrong in the words of a source of one's own.
    ///
    /// Both texts are escaped and masked as in [`new`](Self::new).
    pub fn other(name: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        let message = clean(message.as_ref()).into();
        Self::new(name, SourceProblem::Other(message))
    }

    /// The source's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &SourceProblem {
        &self.problem
    }

    /// Whether there is nothing at all, as against something broken.
    pub(crate) fn is_absent(&self) -> bool {
        match &self.problem {
            SourceProblem::Absent => true,
            SourceProblem::NothingWorked(errors) => errors.iter().all(Self::is_absent),
            _ => false,
        }
    }

    /// Whether a writer who is about to finish would explain it.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self.problem,
            SourceProblem::InvalidToken(_) | SourceProblem::NotText | SourceProblem::Unsettled
        )
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.problem {
            SourceProblem::Absent => f.write_str("not there"),
            SourceProblem::Exited { code: Some(code) } => write!(f, "ended with code {code}"),
            SourceProblem::Exited { code: None } => f.write_str("ended by a signal"),
            SourceProblem::Expired => f.write_str("gives a token that has expired"),
            SourceProblem::Io(kind) => write!(f, "{kind}"),
            SourceProblem::InvalidToken(error) => write!(f, "{error}"),
            SourceProblem::NotRegularFile => f.write_str("not a regular file"),
            SourceProblem::NotText => f.write_str("not UTF-8 text"),
            SourceProblem::NothingWorked(errors) => {
                for (n, error) in errors.iter().enumerate() {
                    write!(f, "{}{error}", if n == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            SourceProblem::Other(message) => f.write_str(message),
            SourceProblem::Panicked => f.write_str("panicked"),
            SourceProblem::Refused => f.write_str("gives a token that the server has refused"),
            SourceProblem::TimedOut => f.write_str("took too long"),
            SourceProblem::TooLarge => f.write_str("holds more than a token can be long"),
            SourceProblem::Unread => {
                f.write_str("not read, because no thread could be started or the runtime shut down")
            }
            SourceProblem::Unsettled => f.write_str("changed while it was being read"),
        }
    }
}

// `Display` tells all there is, so there is no `source`.
impl Error for SourceError {}

/// What is wrong with a source.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SourceProblem {
    /// No such variable, file or program.
    Absent,
    /// The command said that it failed; without a code, a signal ended it.
    Exited {
        /// The exit code.
        code: Option<i32>,
    },
    /// It gives a token that has ended, while the present one has not.
    Expired,
    /// It could not be read.
    Io(io::ErrorKind),
    /// What it holds is no token.
    InvalidToken(InvalidToken),
    /// A directory, a pipe, a device.
    NotRegularFile,
    /// It holds something other than UTF-8.
    NotText,
    /// None of several sources gave a token; their errors in order.
    NothingWorked(Vec<SourceError>),
    /// In the words of a source of the user's own.
    Other(Box<str>),
    /// It panicked.
    Panicked,
    /// It gives a token that the server has answered with 401.
    Refused,
    /// The command did not end in time, or left its output open; or a call has waited for a reading longer than
    /// [`Tokens::read_timeout`](crate::Tokens::read_timeout).
    TimedOut,
    /// More than 4 KiB.
    TooLarge,
    /// There was no thread to be had to read it, or the runtime shut down first.
    Unread,
    /// It gave something else each time it was read.
    Unsettled,
}
