//! What the settings of a builder become.

use comfycontrol_priority::PriorityLimiter;
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::{self as token, Origin, SourceErrorKind, TokenProvider, TokenSource};
use http::HeaderValue;

use super::rate_limit_mode::RateLimitMode;
use crate::error::{InvalidConfig, Setting};
use crate::registry::{self, Key};

/// Where tokens come from.
pub(super) enum TokenChoice {
    Environment,
    None,
    Provider(TokenProvider),
}

impl TokenChoice {
    pub(super) fn provider(self) -> Result<Option<TokenProvider>, InvalidConfig> {
        match self {
            Self::Environment => read(&token::env(TOKEN_VARIABLE)).map(Some),
            Self::None => Ok(None),
            Self::Provider(tokens) => Ok(Some(tokens)),
        }
    }
}

/// The limiter of a mode. `proxy` is asked for where the limiter may be shared: it decides by which
/// address the server sees us.
pub(super) fn limiter(
    mode: &RateLimitMode,
    origin: &Origin,
    is_own_transport: bool,
    proxy: impl FnOnce() -> Option<String>,
) -> Option<Limiter> {
    match mode {
        RateLimitMode::Off => None,
        RateLimitMode::Limiter(limiter) => Some(limiter.clone()),
        RateLimitMode::Priority(limiter) => Some(limiter.limiter().clone()),
        RateLimitMode::Quota(quota) => Some(Limiter::new(*quota)),
        // Neither leaves by the address that is counted.
        RateLimitMode::Shared if is_own_transport || origin.is_loopback() => {
            Some(Limiter::new(Quota::COMFYCONTROL))
        }
        RateLimitMode::Shared => {
            let key = Key {
                proxy: proxy(),
                origin: origin.clone(),
            };
            Some(registry::shared(key, || Limiter::new(Quota::COMFYCONTROL)))
        }
    }
}

/// What decides which call is next, in a mode that has it.
pub(super) fn priority(mode: &RateLimitMode) -> Option<&PriorityLimiter> {
    match mode {
        RateLimitMode::Priority(limiter) => Some(limiter),
        _ => None,
    }
}

/// Read now, so that a missing or malformed token is an error of `build`.
fn read(source: &impl TokenSource) -> Result<TokenProvider, InvalidConfig> {
    let token = source.read().map_err(|e| match e.kind() {
        SourceErrorKind::NotFound => InvalidConfig::new(Setting::TokenMissing),
        SourceErrorKind::InvalidToken(why) => InvalidConfig::new(Setting::TokenMalformed(*why)),
        _ => InvalidConfig::because(Setting::TokenUnreadable, e),
    })?;
    Ok(token.into())
}

const TOKEN_VARIABLE: &str = "COMFYCONTROL_TOKEN";
pub(super) const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("comfycontrol-rust/", env!("CARGO_PKG_VERSION")));

#[cfg(test)]
mod tests {
    use comfycontrol_token::{SourceError, Token};

    use super::*;
    use crate::Error;

    #[test]
    fn a_token_that_cannot_be_read_is_not_called_missing() {
        struct Broken(SourceErrorKind);

        impl TokenSource for Broken {
            fn read(&self) -> Result<Token, SourceError> {
                Err(SourceError::new("variable", self.0.clone()))
            }
        }

        let told = |problem| {
            Error::from(read(&Broken(problem)).unwrap_err())
                .report()
                .to_string()
        };
        assert_eq!(
            told(SourceErrorKind::NotUtf8),
            "token cannot be read: variable: not UTF-8 text"
        );
        assert!(told(SourceErrorKind::NotFound).starts_with("no token: set COMFYCONTROL_TOKEN"));
        let malformed = Token::parse("cfc_").unwrap_err();
        let told = told(SourceErrorKind::InvalidToken(malformed));
        assert!(told.starts_with("token is not valid: "), "{told}");
    }
}
