mod assemble;
mod build;
mod rate_limit_mode;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::BoxError;
use comfycontrol_retry::RetryPolicy;
use comfycontrol_timeout::Timeouts;
use comfycontrol_token::{Token, TokenProvider};
use comfycontrol_transport::{Transport, TransportBuilder};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body as HttpBody;
use tower_service::Service;

use self::assemble::TokenChoice;
use crate::Body;
use crate::error::{InvalidConfig, Setting};

pub use self::rate_limit_mode::RateLimitMode;

/// Builds a [`Client`](crate::Client). All settings have defaults.
///
/// A mistake is reported by [`build`](Self::build).
///
/// ```
/// use comfycontrol::{Client, ErrorKind};
///
/// let invalid = Client::builder()
///     .token("cfc_example0token0")
///     .base_url("http://api.comfycontrol.app")
///     .build()
///     .unwrap_err();
/// assert_eq!(invalid.kind(), ErrorKind::Config);
/// ```
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    tokens: TokenChoice,
    rate_limit: RateLimitMode,
    timeouts: Timeouts,
    user_agent: Option<HeaderValue>,
    headers: HeaderMap,
    max_response_body: usize,
    retry: Option<RetryPolicy>,
    network: TransportBuilder,
    transport: Option<Transport<Body>>,
    /// The first setting that is wrong.
    wrong: Option<InvalidConfig>,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            base_url: BASE_URL.to_owned(),
            tokens: TokenChoice::Environment,
            rate_limit: RateLimitMode::Shared,
            timeouts: Timeouts::new(),
            user_agent: None,
            headers: HeaderMap::new(),
            max_response_body: 64 * 1024 * 1024,
            retry: None,
            network: TransportBuilder::new(),
            transport: None,
            wrong: None,
        }
    }

    fn wrong(&mut self, e: InvalidConfig) {
        self.wrong.get_or_insert(e);
    }

    /// Sets scheme, host and port of the API. The default is `https://api.comfycontrol.app`.
    ///
    /// Plain `http` is accepted for this machine only.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets the token. The default is the one in `COMFYCONTROL_TOKEN`.
    pub fn token(mut self, token: impl AsRef<str>) -> Self {
        match Token::parse(token) {
            Ok(token) => self.tokens = TokenChoice::Provider(token.into()),
            Err(e) => self.wrong(InvalidConfig::new(Setting::TokenMalformed(e))),
        }
        self
    }

    /// Sets where tokens come from, for tokens that are rotated without a restart.
    pub fn token_provider(mut self, tokens: impl Into<TokenProvider>) -> Self {
        self.tokens = TokenChoice::Provider(tokens.into());
        self
    }

    /// Sends no token with any request.
    pub fn without_token(mut self) -> Self {
        self.tokens = TokenChoice::None;
        self
    }

    /// Sets the rate limiter: a [`Limiter`](crate::rate_limit::Limiter), a
    /// [`Quota`](crate::rate_limit::Quota) for one of its own, or another
    /// [mode](RateLimitMode). The default is the one that the clients of this process share.
    pub fn rate_limit(mut self, mode: impl Into<RateLimitMode>) -> Self {
        self.rate_limit = mode.into();
        self
    }

    /// Keeps to one limit with all other programs that share `store`, such as a
    /// [file](crate::rate_limit_file): 40 requests in 10 s for all of them together.
    ///
    /// A task of the runtime around this call [gets the slots](crate::rate_limit::Keeper), until
    /// the client has gone; if that runtime ends before, calls are rejected. In one process, share
    /// one client, or its limiter. For another quota, and for how long calls wait while the store
    /// is away, see [`build_shared`](crate::rate_limit::LimiterBuilder::build_shared).
    #[cfg(feature = "shared-budget")]
    pub fn shared_budget(mut self, store: impl comfycontrol_rate_limit::Store) -> Self {
        use comfycontrol_rate_limit::{Limiter, Quota};
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let (limiter, keeper) = Limiter::builder(Quota::COMFYCONTROL).build_shared(store);
                runtime.spawn(keeper);
                return self.rate_limit(limiter);
            }
            Err(e) => self.wrong(InvalidConfig::because(Setting::SharedBudget, e)),
        }
        self
    }

    /// Sets the time for a whole call. The default is none.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.timeouts = self.timeouts.total(total);
        self
    }

    /// Sets the time for one attempt. The default is 30 s, and 120 s for forms.
    pub fn attempt_timeout(mut self, attempt: Duration) -> Self {
        self.timeouts = self.timeouts.attempt(attempt);
        self
    }

    /// Sets those timeouts of a call that `timeouts` sets.
    ///
    /// What is set neither here nor for a request is that of [`Timeouts::call`], or of
    /// [`Timeouts::upload`] for forms.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts.or(self.timeouts);
        self
    }

    /// Sets the `User-Agent`. The default is `comfycontrol-rust/` and the crate's version.
    pub fn user_agent(mut self, value: impl AsRef<str>) -> Self {
        match HeaderValue::try_from(value.as_ref()) {
            Ok(value) => self.user_agent = Some(value),
            Err(e) => self.wrong(InvalidConfig::because(Setting::UserAgent, e)),
        }
        self
    }

    /// Adds a header to every request that does not have it.
    pub fn default_header<N, V>(mut self, name: N, value: V) -> Self
    where
        HeaderName: TryFrom<N, Error: Into<http::Error>>,
        HeaderValue: TryFrom<V, Error: Into<http::Error>>,
    {
        let header = HeaderName::try_from(name)
            .map_err(Into::into)
            .and_then(|name| Ok((name, HeaderValue::try_from(value).map_err(Into::into)?)));
        match header {
            Ok((name, value)) => _ = self.headers.insert(name, value),
            Err(e) => self.wrong(InvalidConfig::because(Setting::Header, e)),
        }
        self
    }

    /// Sets how many bytes of a response are read into memory at most. The default is 64 MiB.
    ///
    /// Not for streams. What is read of an unsuccessful response has a bound of its own, 64 KiB.
    pub fn max_response_body(mut self, bytes: usize) -> Self {
        self.max_response_body = bytes;
        self
    }

    /// Sets which calls are sent again, how often, and after which wait. The default is
    /// [`RetryPolicy::new`]: twice, and three times after 429s.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Trusts one more certificate authority, given as an X.509 certificate in DER.
    pub fn root_certificate(self, der: impl Into<Vec<u8>>) -> Self {
        self.network(|network| network.root_certificate(der))
    }

    /// Connects through a proxy: `http://`, `https://`, `socks5://` or `socks5h://`, credentials in
    /// front of the host. The default is the environment's `HTTPS_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY`; see [`TransportBuilder::proxy`].
    #[cfg(feature = "proxy")]
    pub fn proxy(self, url: impl AsRef<str>) -> Self {
        self.network(|network| network.proxy(url))
    }

    /// Connects directly, whatever the environment says.
    pub fn no_proxy(self) -> Self {
        self.network(TransportBuilder::no_proxy)
    }

    /// Sets the time for a connection, proxy and TLS included. The default is 10 s.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.network(|network| network.connect_timeout(timeout))
    }

    /// Changes how the network is reached: all of TLS, its cryptography, and what else a
    /// [`TransportBuilder`] has.
    pub fn network(mut self, change: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Self {
        self.network = change(self.network);
        self
    }

    /// Sends requests by a service in place of the network. Its limiter is not shared through the
    /// process.
    ///
    /// A [`Transport`] over a connector of your own is one. Settings for the network have no effect
    /// then. An [`Error`](crate::Error) of the service stays what it is; any other becomes one by
    /// [`Error::transport`](crate::Error::transport).
    pub fn transport<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.transport = Some(Transport::from_service(service));
        self
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the base URL, which is not checked yet, nor header values, which may be secret.
        f.debug_struct("ClientBuilder")
            .field("timeouts", &self.timeouts)
            .field("wrong", &self.wrong)
            .finish_non_exhaustive()
    }
}

const BASE_URL: &str = "https://api.comfycontrol.app";
