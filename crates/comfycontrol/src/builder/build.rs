//! From settings to a client.

use std::mem;

use comfycontrol_error::ErrorDecoderLayer;
use comfycontrol_priority::PriorityLimiter;
use comfycontrol_rate_limit::{Limiter, Tracker};
use comfycontrol_retry::RetryLayer;
use comfycontrol_timeout::{AttemptTimeoutLayer, Timeouts, TotalTimeoutLayer};
use comfycontrol_token::{AddTokenLayer, Origin};

use super::{ClientBuilder, assemble};
use crate::client::Client;
use crate::error::{Error, InvalidConfig};
use crate::request_id::RequestIds;
use crate::shared::{Elsewhere, Shared};
use crate::stack::Layers;
use crate::url::Target;

/// How a client is made.
impl Client {
    /// Builds a client with default settings and the token in `COMFYCONTROL_TOKEN`.
    ///
    /// The environment gives the token, and the proxy if there is one; it never gives a base URL.
    ///
    /// # Errors
    ///
    /// Fails if the variable is missing or does not hold a token, or if a variable that should name
    /// a proxy does not name a usable one.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), comfycontrol::Error> {
    /// let client = comfycontrol::Client::from_env()?;
    /// let user: serde_json::Value = client.get("/v1/user").send().await?.json().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::new().build()
    }

    /// Starts building a client. All settings have defaults.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

impl ClientBuilder {
    /// Builds only the layers of the client, for a stack of your own.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), apart from what concerns the network.
    pub fn layers(mut self) -> Result<Layers, Error> {
        let (_, origin) = self.target()?;
        let limiter = self.limiter(&origin);
        Ok(self.assemble(origin, limiter.as_ref())?)
    }

    /// Builds the client. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Fails if there is no token, if a setting is not valid, or if no certificates are trusted.
    /// The error says which, and what to do.
    pub fn build(mut self) -> Result<Client, Error> {
        let (target, origin) = self.target()?;
        let limiter = self.limiter(&origin);
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => mem::take(&mut self.network)
                .build()
                .map_err(InvalidConfig::from)?,
        };
        let headers = mem::take(&mut self.headers);
        let (max_response_body, timeouts) = (self.max_response_body, self.timeouts);
        let retry = self.retry.get_or_insert_default().clone();
        let layers = self.assemble(origin, limiter.as_ref())?;

        let unlimited = Layers {
            rate_limit: None,
            priority_limit: None,
            add_token: None,
            retry: RetryLayer::new(retry.without_token_retry()).forgetting::<Tracker>(),
            ..layers.clone()
        };
        let internal = target.internal_hosts(Vec::new());
        Ok(Client::new(Shared {
            stack: layers.stack(transport.clone()),
            target,
            headers,
            limiter,
            max_response_body,
            timeouts,
            elsewhere: Elsewhere::new(unlimited, transport, internal),
        }))
    }

    fn target(&mut self) -> Result<(Target, Origin), InvalidConfig> {
        match self.wrong.take() {
            Some(e) => Err(e),
            None => Target::base(&self.base_url),
        }
    }

    fn limiter(&self, origin: &Origin) -> Option<Limiter> {
        let is_own_transport = self.transport.is_some();
        assemble::limiter(&self.rate_limit, origin, is_own_transport, || {
            self.network.proxy_for(&origin.to_string().parse().ok()?)
        })
    }

    fn assemble(self, origin: Origin, limiter: Option<&Limiter>) -> Result<Layers, InvalidConfig> {
        let tokens = self.tokens.provider()?;
        let mut retry = self.retry.unwrap_or_default();
        if limiter.is_some() {
            retry = retry.behind_rate_limit();
        }
        if tokens.is_none() {
            retry = retry.without_token_retry();
        }
        let timeouts = self.timeouts.or(Timeouts::call());
        let priority = assemble::priority(&self.rate_limit);
        Ok(Layers {
            user_agent: self.user_agent.unwrap_or(assemble::USER_AGENT),
            total_timeout: TotalTimeoutLayer::new(timeouts),
            retry: RetryLayer::new(retry).forgetting::<Tracker>(),
            error_decoder: ErrorDecoderLayer::new(),
            rate_limit: limiter.filter(|_| priority.is_none()).map(Limiter::layer),
            priority_limit: priority.map(PriorityLimiter::layer),
            attempt_timeout: AttemptTimeoutLayer::new(timeouts),
            add_token: tokens.map(|tokens| AddTokenLayer::new(origin, tokens)),
            request_ids: RequestIds::new(),
        })
    }
}
