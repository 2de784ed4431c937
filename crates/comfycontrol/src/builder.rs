mod assemble;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::{Token, Tokens};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Body as HttpBody;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use tower::BoxError;
use tower_service::Service;

use crate::error::{InvalidConfig, Setting};
use crate::retry::RetryPolicy;
use crate::transport::{Proxies, TlsSettings, Transport};
use crate::{Body, Timeouts};

/// Settings for a [`Client`](crate::Client), all of which have defaults.
///
/// A mistake is reported by [`build`](Self::build).
///
/// ```
/// use comfycontrol::{Client, ErrorKind};
///
/// let refused = Client::builder()
///     .token("cfc_example0token0")
///     .base_url("http://api.comfycontrol.app")
///     .build()
///     .unwrap_err();
/// assert_eq!(refused.kind(), ErrorKind::Config);
/// ```
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    tokens: Source,
    limit: Limit,
    timeouts: Timeouts,
    connect_timeout: Duration,
    user_agent: Option<HeaderValue>,
    headers: HeaderMap,
    max_body: usize,
    retry: Option<RetryPolicy>,
    tls: TlsSettings,
    proxies: Option<Proxies>,
    transport: Option<Transport>,
    /// The first setting that is wrong.
    wrong: Option<InvalidConfig>,
}

enum Source {
    Environment,
    None,
    Tokens(Tokens),
}

enum Limit {
    None,
    Own(Limiter),
    Quota(Quota),
    Shared,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            base_url: BASE_URL.to_owned(),
            tokens: Source::Environment,
            limit: Limit::Shared,
            timeouts: Timeouts::call(),
            connect_timeout: Duration::from_secs(10),
            user_agent: None,
            headers: HeaderMap::new(),
            max_body: 64 * 1024 * 1024,
            retry: None,
            tls: TlsSettings::default(),
            proxies: None,
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
            Ok(token) => self.tokens = Source::Tokens(token.into()),
            Err(e) => self.wrong(InvalidConfig::new(Setting::TokenMalformed(e))),
        }
        self
    }

    /// Sets where tokens come from, for tokens that are rotated without a restart.
    pub fn tokens(mut self, tokens: impl Into<Tokens>) -> Self {
        self.tokens = Source::Tokens(tokens.into());
        self
    }

    /// Sends no token with any request.
    pub fn without_token(mut self) -> Self {
        self.tokens = Source::None;
        self
    }

    /// Keeps to a limiter that is shared with others by hand.
    ///
    /// Of this, [`quota`](Self::quota) and [`no_limit`](Self::no_limit) the last one counts.
    pub fn limiter(mut self, limiter: Limiter) -> Self {
        self.limit = Limit::Own(limiter);
        self
    }

    /// Keeps to another quota than 40 requests per 10 s, with a limiter of its own.
    pub fn quota(mut self, quota: Quota) -> Self {
        self.limit = Limit::Quota(quota);
        self
    }

    /// Gives this client a limiter of its own instead of the one it would share with the other
    /// clients of the process that reach the same origin by the same proxy. A limiter or a quota that
    /// was set before stays.
    pub fn own_limiter(self) -> Self {
        match self.limit {
            Limit::Own(_) | Limit::Quota(_) => self,
            Limit::None | Limit::Shared => self.quota(Quota::COMFYCONTROL),
        }
    }

    /// Sends at once, whatever the API says. Retries then wait for a cooldown themselves.
    pub fn no_limit(mut self) -> Self {
        self.limit = Limit::None;
        self
    }

    /// Sets the time for a whole call. The default is none.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.timeouts = self.timeouts.total(total);
        self
    }

    /// Sets the time for one attempt. The default is 30 s.
    pub fn attempt_timeout(mut self, attempt: Duration) -> Self {
        self.timeouts = self.timeouts.attempt(attempt);
        self
    }

    /// Sets all timeouts of a call.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the time for a connection, proxy and TLS included. The default is 10 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the `User-Agent`.
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
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets what is sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Trusts one more certificate authority, given as an X.509 certificate in DER.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.tls.extra_roots.push(der.into().into());
        self
    }

    /// Trusts Mozilla's certificates in place of the operating system's.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.tls.webpki_roots = true;
        self
    }

    /// Sets the cryptography of TLS. The default is ring, or aws-lc-rs without the feature `ring`.
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Self {
        self.tls.provider = Some(provider.into());
        self
    }

    /// Sets all of TLS, in place of provider and certificates. Its ALPN list is replaced.
    pub fn tls_config(mut self, config: ClientConfig) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Connects through a proxy: `http://`, `https://`, `socks5://` or `socks5h://`, credentials in
    /// front of the host. It only ever carries TLS; with SOCKS it also resolves the names. The
    /// default is the environment's `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; a variable that names no
    /// usable proxy is an error of [`build`](Self::build), never a direct connection.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, url: impl AsRef<str>) -> Self {
        match Proxies::all(url.as_ref()) {
            Ok(proxies) => self.proxies = Some(proxies),
            Err(e) => self.wrong(e),
        }
        self
    }

    /// Connects directly, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxies = Some(Proxies::none());
        self
    }

    /// Uses a service in place of the network. Its limiter is not shared through the process.
    ///
    /// Settings for TLS, proxies and connecting have no effect then.
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
