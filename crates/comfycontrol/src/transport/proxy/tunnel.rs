use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower::ServiceExt;

use crate::error::{ConnectFailed, InvalidConfig, Setting, TransportErrorKind};
use crate::transport::connector::Carrier;
use crate::transport::loopback::{Resolver, is_loopback_name};

type BoxError = Box<dyn Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<Carrier, BoxError>> + Send>>;

/// The proxies to use.
#[derive(Clone)]
pub(crate) enum Proxies {
    /// One for every host.
    All(Arc<Matcher>),
    /// As the environment says, but none for this machine: a proxy elsewhere cannot reach it, and
    /// what is meant to stay here would leave.
    Environment(Arc<Matcher>),
    None,
}

impl Proxies {
    pub(crate) fn none() -> Self {
        Self::None
    }

    /// `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case.
    pub(crate) fn from_env() -> Self {
        Self::Environment(Arc::new(Matcher::from_env()))
    }

    /// One proxy for every host.
    pub(crate) fn all(url: &str) -> Result<Self, InvalidConfig> {
        // Nothing of the URL may be shown: it may hold credentials.
        let matcher = Matcher::builder().all(url).build();
        let probe = Uri::from_static("https://example.com/");
        let proxy = matcher
            .intercept(&probe)
            .ok_or_else(|| InvalidConfig::new(Setting::Proxy("URL is not valid")))?;
        match proxy.uri().scheme_str() {
            Some("http" | "https" | "socks5" | "socks5h") => Ok(Self::All(Arc::new(matcher))),
            _ => Err(InvalidConfig::new(Setting::Proxy(
                "scheme is not supported",
            ))),
        }
    }

    /// What tells clients apart that reach `dst` by different addresses: the proxy without its
    /// credentials.
    pub(crate) fn key(&self, dst: &str) -> Option<String> {
        let dst = dst.parse().ok()?;
        self.intercept(&dst).map(|proxy| proxy.uri().to_string())
    }

    fn intercept(&self, dst: &Uri) -> Option<Intercept> {
        match self {
            Self::All(matcher) => matcher.intercept(dst),
            Self::Environment(_) if dst.host().is_some_and(is_loopback_name) => None,
            Self::Environment(matcher) => matcher.intercept(dst),
            Self::None => None,
        }
    }

    /// A connection to `dst` through its proxy, or `None` if the way is direct.
    pub(in crate::transport) fn connect(
        &self,
        dst: &Uri,
        to_proxy: &HttpsConnector<HttpConnector<Resolver>>,
    ) -> Option<Connecting> {
        let proxy = self.intercept(dst)?;
        let dst = dst.clone();
        Some(match proxy.uri().scheme_str() {
            Some("http" | "https") => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy.clone());
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                let connecting = tunnel.oneshot(dst);
                Box::pin(async move { connecting.await.map_err(failed) })
            }
            // Both ways of writing it leave names to the proxy: resolving them here would block.
            Some("socks5" | "socks5h") => {
                let mut socks = SocksV5::new(over_tcp(proxy.uri()), to_proxy.clone());
                if let Some((user, password)) = proxy.raw_auth() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                let connecting = socks.oneshot(dst);
                Box::pin(async move { connecting.await.map_err(failed) })
            }
            _ => Box::pin(async { Err(ConnectFailed::new(TransportErrorKind::Proxy).into()) }),
        })
    }
}

/// The address of a SOCKS proxy as a URL the TCP connector takes.
fn over_tcp(proxy: &Uri) -> Uri {
    let host = proxy.host().unwrap_or_default();
    let port = proxy.port_u16().unwrap_or(SOCKS_PORT);
    Uri::try_from(format!("http://{host}:{port}")).unwrap_or_default()
}

fn failed(e: impl Into<BoxError>) -> BoxError {
    ConnectFailed::because(TransportErrorKind::Proxy, e).into()
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(matcher) | Self::Environment(matcher) => {
                f.debug_tuple("Proxies").field(matcher).finish()
            }
            Self::None => f.write_str("Proxies(None)"),
        }
    }
}

const SOCKS_PORT: u16 = 1080;
