use std::borrow::Cow;
use std::env::VarError;
use std::fmt;
use std::time::Duration;

use comfycontrol_core::Escaped;
use zeroize::Zeroizing;

use super::error::{SourceError, SourceErrorKind};
use super::interval::SHORTEST_INTERVAL;
use super::token_source::TokenSource;
use crate::Token;

/// A source that reads the token from the environment variable `name`.
///
/// The environment of a running process can be changed from inside only, so this source alone does
/// not rotate; a [`file`](super::file()) does.
///
/// ```
/// use comfycontrol_token::{TokenSource, env};
///
/// let error = env("NO_SUCH_VARIABLE").read().unwrap_err();
/// assert_eq!(error.to_string(), "environment variable NO_SUCH_VARIABLE: not there");
/// ```
pub fn env(name: impl Into<String>) -> EnvSource {
    EnvSource { name: name.into() }
}

/// Source of the token in an environment variable, made by [`env`](env()).
#[derive(Clone)]
pub struct EnvSource {
    name: String,
}

impl TokenSource for EnvSource {
    fn read(&self) -> Result<Token, SourceError> {
        let fail = |problem| SourceError::new(self.name(), problem);
        match std::env::var(&self.name).map(Zeroizing::new) {
            Ok(text) => Token::parse(&*text).map_err(|e| fail(SourceErrorKind::InvalidToken(e))),
            Err(VarError::NotPresent) => Err(fail(SourceErrorKind::NotFound)),
            Err(VarError::NotUnicode(_)) => Err(fail(SourceErrorKind::NotUtf8)),
        }
    }

    fn name(&self) -> Cow<'_, str> {
        format!("environment variable {}", self.name).into()
    }

    fn interval(&self) -> Duration {
        SHORTEST_INTERVAL
    }
}

impl fmt::Debug for EnvSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnvSource({})", Escaped::new(&self.name(), usize::MAX))
    }
}
