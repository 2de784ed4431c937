use std::borrow::Cow;
use std::env::VarError;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{SHORTEST_INTERVAL, SourceError, SourceProblem, TokenSource};
use crate::Token;

/// The token stands in the environment variable `name`.
///
/// The environment of a running process can be changed from inside only, so this source alone does not rotate; a
/// [`file`](super::file()) does.
///
/// ```
/// use comfycontrol_token::{TokenSource, env};
///
/// let error = env("NO_SUCH_VARIABLE").read().unwrap_err();
/// assert_eq!(error.to_string(), "environment variable NO_SUCH_VARIABLE: not there");
/// ```
pub fn env(name: impl Into<String>) -> Env {
    Env { name: name.into() }
}

/// The source made by [`env`](env()).
#[derive(Clone)]
pub struct Env {
    name: String,
}

impl TokenSource for Env {
    fn read(&self) -> Result<Token, SourceError> {
        let fail = |problem| SourceError::new(self.name(), problem);
        match std::env::var(&self.name).map(Zeroizing::new) {
            Ok(text) => Token::parse(&*text).map_err(|e| fail(SourceProblem::InvalidToken(e))),
            Err(VarError::NotPresent) => Err(fail(SourceProblem::Absent)),
            Err(VarError::NotUnicode(_)) => Err(fail(SourceProblem::NotText)),
        }
    }

    fn name(&self) -> Cow<'_, str> {
        format!("environment variable {}", self.name).into()
    }

    fn interval(&self) -> Duration {
        SHORTEST_INTERVAL
    }
}
