use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::Uri;
use http_body::Body;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use crate::connector::Connector;
use crate::invalid_transport::InvalidTransport;
use crate::proxy::Proxies;
use crate::tls::TlsSettings;
use crate::transport::Transport;

/// Settings for a [`Transport`]: how it connects, and whom it trusts. All of them have defaults.
///
/// A setting that is wrong is reported by [`build`](Self::build), the first one first.
///
/// ```
/// use bytes::Bytes;
/// use comfycontrol_transport::TransportBuilder;
/// use http_body_util::Full;
/// use std::time::Duration;
///
/// let transport = TransportBuilder::new()
///     .connect_timeout(Duration::from_secs(5))
///     .no_proxy()
///     .build::<Full<Bytes>>()?;
/// # Ok::<_, comfycontrol_transport::InvalidTransport>(())
/// ```
#[must_use]
pub struct TransportBuilder {
    connect_timeout: Duration,
    tls: TlsSettings,
    proxies: Option<Proxies>,
    /// The first setting that is wrong.
    wrong: Option<InvalidTransport>,
}

impl TransportBuilder {
    /// How long connecting may take unless set, proxy and TLS included: 10 s.
    pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    /// Starts with the defaults: 10 s to connect, the system's certificates, proxy by environment.
    pub fn new() -> Self {
        Self {
            connect_timeout: Self::DEFAULT_CONNECT_TIMEOUT,
            tls: TlsSettings::default(),
            proxies: None,
            wrong: None,
        }
    }

    /// Ends an attempt to connect after `timeout`, proxy and TLS included; after 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
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

    /// Sets the cryptography of TLS; ring unless set, or aws-lc-rs without the feature `ring`.
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Self {
        self.tls.provider = Some(provider.into());
        self
    }

    /// Sets all of TLS, in place of provider and certificates. Its ALPN list is replaced by `h2` and
    /// `http/1.1`.
    pub fn tls_config(mut self, config: ClientConfig) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Connects through a proxy: `http://`, `https://`, `socks5://` or `socks5h://`, credentials in
    /// front of the host.
    ///
    /// It only ever carries TLS; with SOCKS it also resolves the names. The default is the
    /// environment's `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; a variable that names no usable proxy
    /// is an error of [`build`](Self::build), never a direct connection.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, url: impl AsRef<str>) -> Self {
        match Proxies::all(url.as_ref()) {
            Ok(proxies) => self.proxies = Some(proxies),
            Err(e) => _ = self.wrong.get_or_insert(e),
        }
        self
    }

    /// Connects directly, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.proxies = Some(Proxies::none());
        self
    }

    /// The proxy through which `dst` is reached, without its credentials; `None` if the way is direct.
    ///
    /// A server sees the address of the proxy: clients behind one proxy share its rate limit.
    #[must_use]
    pub fn proxy_for(&self, dst: &Uri) -> Option<String> {
        match &self.proxies {
            Some(proxies) => proxies.key(dst),
            None => Proxies::from_env().key(dst),
        }
    }

    /// Builds the transport. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Fails if a setting is not valid, or if no certificates are trusted. The error says which, and
    /// what to do.
    pub fn build<B>(self) -> Result<Transport<B>, InvalidTransport>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        if let Some(e) = self.wrong {
            return Err(e);
        }
        let proxies = self.proxies.unwrap_or_else(Proxies::from_env);
        proxies.check()?;
        let connector = Connector::new(self.tls.build()?, proxies, self.connect_timeout);
        Ok(Transport::over(connector))
    }
}

impl Default for TransportBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("proxies", &self.proxies)
            .field("wrong", &self.wrong)
            .finish_non_exhaustive()
    }
}
