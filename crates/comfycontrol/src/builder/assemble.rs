//! From settings to layers, and from layers to a client.

use std::time::Duration;

use comfycontrol_error::DecodeErrorLayer;
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::{
    self as token, AddTokenLayer, Origin, SourceProblem, TokenSource, Tokens,
};
use http::HeaderValue;

use super::{ClientBuilder, Limit, Source};
use crate::client::Shared;
use crate::error::{InvalidConfig, Setting};
use crate::registry::{self, Key};
use crate::stack::{AttemptTimeoutLayer, DeadlineLayer, Layers, RequestIds};
use crate::transport::{Proxies, Transport};
use crate::url::Target;
use crate::{Client, Error};

impl ClientBuilder {
    /// The layers of the client these settings describe, for a stack of one's own.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), apart from what concerns TLS.
    pub fn layers(mut self) -> Result<Layers, Error> {
        let (_, origin) = self.checked()?;
        let limiter = self.choose_limiter(&origin);
        Ok(self.assemble(origin, limiter.as_ref())?)
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// Fails if there is no token, if a setting is not valid, or if no certificates are trusted. The
    /// error says which, and what to do.
    pub fn build(mut self) -> Result<Client, Error> {
        let (target, origin) = self.checked()?;
        let limiter = self.choose_limiter(&origin);
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => {
                let tls = std::mem::take(&mut self.tls);
                Transport::hyper(tls, self.proxies(), self.connect_timeout)?
            }
        };
        let headers = std::mem::take(&mut self.headers);
        let (max_body, timeouts) = (self.max_body, self.timeouts);
        let layers = self.assemble(origin, limiter.as_ref())?;

        let unlimited = Layers {
            rate_limit: None,
            add_token: None,
            retry: layers.retry.clone().or_cooldown(COOLDOWN).without_tokens(),
            ..layers.clone()
        };
        Ok(Client::new(Shared {
            stack: layers.stack(transport.clone()),
            target,
            headers,
            limiter,
            max_body,
            timeouts,
            unlimited: unlimited.stack(transport),
        }))
    }

    fn checked(&mut self) -> Result<(Target, Origin), InvalidConfig> {
        match self.wrong.take() {
            Some(e) => Err(e),
            None => Target::base(&self.base_url),
        }
    }

    fn proxies(&mut self) -> Proxies {
        self.proxies.get_or_insert_with(Proxies::from_env).clone()
    }

    fn choose_limiter(&mut self, origin: &Origin) -> Option<Limiter> {
        match &self.limit {
            Limit::None => None,
            Limit::Own(limiter) => Some(limiter.clone()),
            Limit::Quota(quota) => Some(Limiter::new(*quota)),
            // Neither leaves by the address that is counted.
            Limit::Shared if self.transport.is_some() || origin.is_loopback() => {
                Some(Limiter::new(Quota::COMFYCONTROL))
            }
            Limit::Shared => {
                let key = Key {
                    proxy: self.proxies().key(&origin.to_string()),
                    origin: origin.clone(),
                };
                Some(registry::shared(key, || Limiter::new(Quota::COMFYCONTROL)))
            }
        }
    }

    fn assemble(self, origin: Origin, limiter: Option<&Limiter>) -> Result<Layers, InvalidConfig> {
        let tokens = match self.tokens {
            Source::Environment => Some(read(&token::env(TOKEN_VARIABLE))?),
            Source::None => None,
            Source::Tokens(tokens) => Some(tokens),
        };
        let mut retry = self.retry.unwrap_or_default();
        if limiter.is_none() {
            retry = retry.or_cooldown(COOLDOWN);
        }
        if tokens.is_none() {
            retry = retry.without_tokens();
        }
        Ok(Layers {
            user_agent: self.user_agent.unwrap_or(USER_AGENT),
            request_ids: RequestIds::new(),
            deadline: DeadlineLayer::new(self.timeouts),
            retry,
            decode_error: DecodeErrorLayer::new(),
            rate_limit: limiter.map(Limiter::layer),
            attempt_timeout: AttemptTimeoutLayer::new(self.timeouts),
            add_token: tokens.map(|tokens| AddTokenLayer::new(origin, tokens)),
        })
    }
}

/// Read now, so that a missing or malformed token is an error of `build`.
fn read(source: &impl TokenSource) -> Result<Tokens, InvalidConfig> {
    let token = source.read().map_err(|e| match e.problem() {
        SourceProblem::Absent => InvalidConfig::new(Setting::TokenMissing),
        SourceProblem::InvalidToken(why) => InvalidConfig::new(Setting::TokenMalformed(*why)),
        _ => InvalidConfig::because(Setting::TokenUnreadable, e),
    })?;
    Ok(token.into())
}

const TOKEN_VARIABLE: &str = "COMFYCONTROL_TOKEN";
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("comfycontrol-rust/", env!("CARGO_PKG_VERSION")));
/// What the API imposes after a 429, says its documentation.
const COOLDOWN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use comfycontrol_token::{SourceError, Token};

    use super::*;

    #[test]
    fn a_token_that_cannot_be_read_is_not_called_missing() {
        struct Broken(SourceProblem);

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
            told(SourceProblem::NotText),
            "token cannot be read: variable: not UTF-8 text"
        );
        assert!(told(SourceProblem::Absent).starts_with("no token: set COMFYCONTROL_TOKEN"));
        let malformed = Token::parse("cfc_").unwrap_err();
        let told = told(SourceProblem::InvalidToken(malformed));
        assert!(told.starts_with("token refused: "), "{told}");
    }
}
