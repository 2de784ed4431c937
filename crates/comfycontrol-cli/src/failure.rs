use std::io;
use std::process::ExitCode;

use comfycontrol::rate_limit::{Rejected, RejectedReason};
use comfycontrol::{Applied, Error, ErrorKind, InvalidConfig, InvalidRequest, Report, Sent};
use comfycontrol_api::SaveError;
use comfycontrol_core::Escaped;
use serde_json::json;

use crate::out::Out;

/// Why a command has failed, and the code that it exits with.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A call of the API.
    Call(Error),
    /// What was said wrongly, and how it is told in full.
    Arguments(clap::Error),
    /// An argument that could not be used once it was looked at.
    Setting(String),
    /// Something on this machine.
    Local(String),
    /// The reader of the output has gone: it is no failure, as `comfycontrol runners | head -1`
    /// shows.
    OutputClosed,
    /// Ctrl-C, and what is left.
    Interrupted(Option<String>),
    /// The time for the command is over, and what is left.
    TimeOver(Option<String>),
    /// A run has ended otherwise than completed.
    Run(Error),
    /// It is not known whether a run was started, and by what it can be found.
    InDoubt(Error, String),
    /// What is on the server is not on disk, all of it, and what is left.
    Save(SaveError, String),
    /// Told already, in the lines of a command.
    Told(u8),
}

impl Failure {
    pub(crate) fn local(what: impl Into<String>) -> Self {
        Self::Local(what.into())
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.number())
    }

    fn number(&self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Local(_) => 1,
            Self::Arguments(_) => 2,
            Self::Setting(_) => 3,
            Self::Call(e) => code_of(e),
            Self::Save(e, _) => e.as_download().map_or(1, code_of),
            Self::TimeOver(_) => 7,
            Self::Run(_) => 8,
            Self::InDoubt(..) => 9,
            Self::Interrupted(_) => 130,
            Self::Told(code) => *code,
        }
    }

    /// The call of the API that failed.
    fn call(&self) -> Option<&Error> {
        match self {
            Self::Call(e) | Self::Run(e) | Self::InDoubt(e, _) => Some(e),
            Self::Save(e, _) => e.as_download(),
            _ => None,
        }
    }

    /// Tells it on standard error, in one line.
    pub(crate) fn tell(&self, out: Out) {
        let and = |what: &str, left: &Option<String>| match left {
            Some(left) => format!("{what}; {left}"),
            None => what.to_owned(),
        };
        let message = match self {
            Self::OutputClosed | Self::Told(_) => return,
            Self::Arguments(e) => misread(e),
            Self::Call(e) if is_unshared(e) => {
                format!("{e:#}; `comfycontrol doctor` says why, `--budget off` does without")
            }
            Self::Call(e) | Self::Run(e) => told(e),
            Self::InDoubt(e, name) => format!("{e:#}; {name}"),
            Self::Save(e, left) => format!("{}; {left}", Report::new(e)),
            Self::Setting(what) | Self::Local(what) => Escaped::new(what, 1_000).into_string(),
            Self::Interrupted(left) => and("interrupted", left),
            Self::TimeOver(left) => and("the time for the command is over", left),
        };
        if out.is_json() {
            out.aside(&self.json(&message).to_string());
        } else {
            out.aside(&format!("error: {message}"));
        }
    }

    fn json(&self, message: &str) -> serde_json::Value {
        let mut told = json!({ "message": message, "exit_code": self.number() });
        if let Some(e) = self.call() {
            told["kind"] = e.kind().name().into();
            told["status"] = e.status().map(|status| status.as_u16()).into();
            told["request_id"] = e.request_id().into();
            told["retryable"] = e.is_retryable().into();
            told["retry_after_seconds"] = e.retry_after().map(|wait| wait.as_secs_f64()).into();
            told["sent"] = match e.sent() {
                Sent::No => "no",
                Sent::Yes => "yes",
                _ => "maybe",
            }
            .into();
            told["applied"] = match e.applied() {
                Applied::No => "no",
                Applied::Yes => "yes",
                _ => "maybe",
            }
            .into();
        }
        json!({ "error": told })
    }
}

/// The table is in the arguments' help.
pub(crate) fn code_of(error: &Error) -> u8 {
    match (error.kind(), error.status().map(|status| status.as_u16())) {
        (ErrorKind::Config | ErrorKind::TokenWithheld | ErrorKind::Request, _) => 3,
        (_, Some(401 | 403)) => 4,
        (_, Some(404)) => 5,
        (ErrorKind::Rejected, _) | (_, Some(429)) => 6,
        (ErrorKind::Transport | ErrorKind::TimedOut | ErrorKind::Body, _) => 7,
        _ => 1,
    }
}

/// What was said wrongly, without what stands around it on a terminal.
fn misread(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let ends = ["\n\nUsage:", "\n\nFor more information"];
    let end = ends.iter().filter_map(|end| text.find(end)).min();
    Escaped::single_spaced(&text[..end.unwrap_or(text.len())], 1_000).into_string()
}

/// What an error says, in the words of the program.
pub(crate) fn told(error: &Error) -> String {
    let request = error.as_cause::<InvalidRequest>();
    if request.is_some_and(InvalidRequest::is_other_origin) {
        return OTHER_ORIGIN.to_owned();
    }
    let config = error.as_cause().map(InvalidConfig::to_string);
    match config {
        Some(config) if config.starts_with("no token") => NO_TOKEN.to_owned(),
        _ => format!("{error:#}"),
    }
}

const OTHER_ORIGIN: &str = "the URL is not of this API: the token is sent nowhere else; --base-url \
                            says which API it is";
const NO_TOKEN: &str = "no token: set COMFYCONTROL_TOKEN, or give --token-file PATH";

/// Whether the file is the reason, by which the limit is shared.
fn is_unshared(error: &Error) -> bool {
    let rejected = error.as_cause().map(Rejected::reason);
    matches!(
        rejected,
        Some(RejectedReason::KeeperStopped | RejectedReason::StoreUnavailable)
    )
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// Of standard output; what else is read or written has a path to tell.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Local(format!("cannot write the output: {error}")),
        }
    }
}
