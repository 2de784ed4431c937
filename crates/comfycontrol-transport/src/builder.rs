use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::Uri;
use http_body::Body;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use tower_service::Service;

use crate::connector::{Connector, Network};
use crate::invalid_transport::{InvalidTransport, Setting};
use crate::pool::PoolSettings;
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
    pool: PoolSettings,
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
            pool: PoolSettings::default(),
            wrong: None,
        }
    }

    /// Ends an attempt to connect after `timeout`, proxy and TLS included; after 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Keeps to so many connections to one origin, on one runtime; 8 unless set, and at least one.
    ///
    /// Over HTTP/2 calls share a connection, and another is made when the server's limit of streams
    /// is used up, or unread responses take most of the first one's window. Over HTTP/1.1 a
    /// call has a connection to itself until its response has been read: more calls wait.
    pub fn max_connections(mut self, per_origin: usize) -> Self {
        self.pool.connections = per_origin;
        self
    }

    /// Closes a connection that was not used for so long; for 60 s unless set, 1 ms at least.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool.idle_time = timeout.clamp(Duration::from_millis(1), LONGEST);
        self
    }

    /// Keeps so many unused connections to one origin at most; 8 unless set.
    pub fn max_idle_per_origin(mut self, connections: usize) -> Self {
        self.pool.idle = connections;
        self
    }

    /// Gives a connection no more calls when it is so old, 1 s at least. It has no such bound
    /// unless set.
    pub fn max_connection_age(mut self, age: Duration) -> Self {
        self.pool.age = Some(age.clamp(Duration::from_secs(1), LONGEST));
        self
    }

    /// Sends a ping over HTTP/2 when nothing has come for `every` while a response is awaited, and
    /// breaks the connection off if it is not given back within `timeout`; 30 s and 10 s unless
    /// set.
    pub fn keep_alive(mut self, every: Duration, timeout: Duration) -> Self {
        self.pool.ping_every = every.min(LONGEST);
        self.pool.ping_timeout = timeout.min(LONGEST);
        self
    }

    /// Lets an HTTP/2 connection hold so many bytes of unread responses, from 64 KiB
    /// to 2 GiB; 32 MiB unless set. One response may take fifteen sixteenths of it.
    ///
    /// When three quarters are held, further calls go to another connection, as long as one can be
    /// made. A call that was sent before waits until they are read.
    ///
    /// This is the window that a server has: as many bytes at most are on the way within one round
    /// trip.
    pub fn max_unread(mut self, bytes: u32) -> Self {
        self.pool.unread = bytes;
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

    /// Sets all of TLS, in place of provider and certificates. Its ALPN list is replaced by `h2`
    /// and `http/1.1`.
    pub fn tls_config(mut self, config: ClientConfig) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Connects through a proxy: `http://`, `https://`, `socks5://` or `socks5h://`, credentials in
    /// front of the host, which the last `@` begins.
    ///
    /// It only ever carries TLS; with SOCKS it also resolves the names. This machine is reached
    /// without it. The default is the environment's `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`;
    /// a variable that names no usable proxy is an error of [`build`](Self::build), never a
    /// direct connection.
    ///
    /// `NO_PROXY` lists, parted by commas or blanks, what is reached directly: a host with all
    /// below it, `*.domain`, an address, a network such as `10.0.0.0/8`, or `*`; all but
    /// networks may have a port. An entry that cannot be read is an error of
    /// [`build`](Self::build), and so is the beginning of an address, such as `10.` or
    /// `192.168.`: the network is `10.0.0.0/8` or `192.168.0.0/16`.
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

    /// The proxy through which `dst` is reached, without its credentials and in one spelling;
    /// `None` if the way is direct.
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
    /// Fails if a setting is not valid, or if no certificates are trusted. The error says which,
    /// and what to do.
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
        Ok(Transport::over(
            Network {
                tls: self.tls.build()?,
                proxies,
                timeout: self.connect_timeout,
            },
            self.pool,
        ))
    }

    /// Builds a transport over the connections of another connector: Unix sockets, a tunnel.
    /// Nothing is connected yet.
    ///
    /// The connector decides where they lead, plain `http` included, and proxies of the environment
    /// are not its concern. An `https` request is encrypted over what it returns: the TLS
    /// handshake is made here, by these settings, and its certificate must be for the host of the
    /// URL. HTTP/2 is agreed on by ALPN, and the connect timeout covers both.
    ///
    /// A connector that speaks TLS itself is for
    /// [`Transport::from_tls_connector`](Transport::from_tls_connector).
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and if a [proxy](Self::proxy) is set, which would not be used.
    pub fn build_over<C, B>(self, connector: C) -> Result<Transport<B>, InvalidTransport>
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        if let Some(e) = self.wrong {
            return Err(e);
        }
        if self.proxies.is_some_and(|proxies| !proxies.is_none()) {
            return Err(InvalidTransport::new(Setting::ProxyWithConnector));
        }
        let connector = Connector::over(connector, self.tls.build()?);
        let timeout = self.connect_timeout;
        Ok(Transport::over_other(connector, self.pool, timeout))
    }
}

/// How a transport is made without settings.
impl<B> Transport<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    /// Sends requests over the connections of another connector: Unix sockets, a tunnel. An `https`
    /// request is encrypted over what it returns.
    ///
    /// As [`TransportBuilder::build_over`] with the defaults: 10 s to connect, the system's
    /// certificates.
    ///
    /// # Errors
    ///
    /// Fails if no certificates are trusted, or if there is no TLS provider.
    pub fn from_connector<C>(connector: C) -> Result<Self, InvalidTransport>
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        TransportBuilder::new().build_over(connector)
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

/// A year: what is longer is never, and clocks do not go on without end.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
