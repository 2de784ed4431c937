use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::Arc;

use comfycontrol_core::BoxError;
use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower::ServiceExt;

use crate::carrier::{BoxFuture, Carrier};
use crate::error::{ConnectFailed, TransportErrorKind};
use crate::invalid_transport::{InvalidTransport, Setting};
use crate::loopback::{Resolver, is_loopback};

/// The proxies to use. The default is none.
#[derive(Clone)]
pub(crate) enum Proxies {
    /// One for every host.
    All(Arc<Matcher>),
    /// As the environment says, but none for this machine: a proxy elsewhere cannot reach it, and
    /// what is meant to stay here would leave.
    Environment(Arc<Matcher>),
    None,
    /// The variable of this name is set to what is no proxy: whoever meant to hide behind one must not
    /// be shown.
    Unusable(&'static str),
}

impl Proxies {
    pub(crate) fn none() -> Self {
        Self::None
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// `HTTPS_PROXY`, else `ALL_PROXY`, and `NO_PROXY`, in either case.
    pub(crate) fn from_env() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// Read by hand, because hyper-util connects directly where it does not understand a variable.
    fn from_variables(value: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Some((name, value(name).filter(|value| !value.is_empty())?));
        let Some((name, url)) = PROXY.into_iter().find_map(set) else {
            return Self::None;
        };
        let except = NO_PROXY.into_iter().find_map(set);
        let except = except.map(|(_, hosts)| hosts.to_string_lossy().into_owned());
        match matcher(&url, except.unwrap_or_default()) {
            Ok(matcher) => Self::Environment(Arc::new(matcher)),
            Err(_) => Self::Unusable(name),
        }
    }

    /// One proxy for every host.
    pub(crate) fn all(url: &str) -> Result<Self, InvalidTransport> {
        let matcher = matcher(url.as_ref(), String::new());
        let matcher = matcher.map_err(|why| InvalidTransport::new(Setting::Proxy(why)))?;
        Ok(Self::All(Arc::new(matcher)))
    }

    /// # Errors
    ///
    /// Fails if the environment names a proxy that cannot be used.
    pub(crate) fn check(&self) -> Result<(), InvalidTransport> {
        match self {
            Self::Unusable(name) => Err(InvalidTransport::new(Setting::ProxyVariable(name))),
            _ => Ok(()),
        }
    }

    /// What tells clients apart that reach `dst` by different addresses: the proxy without its
    /// credentials.
    pub(crate) fn key(&self, dst: &Uri) -> Option<String> {
        self.intercept(dst).map(|proxy| proxy.uri().to_string())
    }

    fn intercept(&self, dst: &Uri) -> Option<Intercept> {
        match self {
            Self::All(matcher) => matcher.intercept(dst),
            Self::Environment(_) if dst.host().is_some_and(is_loopback) => None,
            Self::Environment(matcher) => matcher.intercept(dst),
            Self::None | Self::Unusable(_) => None,
        }
    }

    /// A connection to `dst` through its proxy, or `None` if the way is direct.
    pub(crate) fn connect(
        &self,
        dst: &Uri,
        to_proxy: &HttpsConnector<HttpConnector<Resolver>>,
    ) -> Option<BoxFuture<Carrier>> {
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

/// What sends every host but `except` to the proxy at `url`, or what is wrong with that.
fn matcher(url: &OsStr, except: String) -> Result<Matcher, &'static str> {
    // Nothing of the URL may be shown: it may hold credentials.
    let url = url.to_str().ok_or(NOT_VALID)?.to_owned();
    let proxy = Matcher::builder().all(url.clone()).build();
    let probe = Uri::from_static("https://example.com/");
    match proxy.intercept(&probe).ok_or(NOT_VALID)?.uri().scheme_str() {
        Some("http" | "https" | "socks5" | "socks5h") => {
            Ok(Matcher::builder().all(url).no(except).build())
        }
        _ => Err("scheme is not supported"),
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
            Self::Unusable(name) => write!(f, "Proxies(Unusable({name}))"),
        }
    }
}

const SOCKS_PORT: u16 = 1080;
const NOT_VALID: &str = "URL is not valid";
const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(|name| {
            let found = variables.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_proxy() {
        let api = Uri::from_static("https://api.comfycontrol.app/");
        for (variables, proxy) in [
            (&[][..], None),
            (&[("HTTP_PROXY", "http://a:1"), ("NO_PROXY", "*")], None),
            (
                &[("HTTPS_PROXY", ""), ("https_proxy", "b:1")],
                Some("http://b:1/"),
            ),
            (
                &[("https_proxy", "https://b"), ("ALL_PROXY", "x y")],
                Some("https://b/"),
            ),
            (&[("all_proxy", "socks5://u:p@c:9")], Some("socks5://c:9/")),
            (
                &[("ALL_PROXY", "d:1"), ("no_proxy", "a.example, .app")],
                None,
            ),
            (
                &[("ALL_PROXY", "d:1"), ("no_proxy", "app.example")],
                Some("http://d:1/"),
            ),
        ] {
            let proxies = from(variables);
            assert!(proxies.check().is_ok());
            assert_eq!(proxies.key(&api).as_deref(), proxy, "{variables:?}");
            assert_eq!(proxies.key(&Uri::from_static("https://localhost:1")), None);
        }
    }

    #[test]
    fn a_variable_that_names_no_proxy_is_an_error() {
        for value in [
            "http://us er@h",
            "ftp://h",
            "http//h",
            "socks4://h",
            "http://",
            " ",
        ] {
            let proxies = from(&[("HTTPS_PROXY", value), ("ALL_PROXY", "http://d:1")]);
            let refused = proxies.check().unwrap_err();
            assert_eq!(refused.setting(), "proxy", "{value}");
            assert!(refused.to_string().starts_with("HTTPS_PROXY does not hold"));
            assert!(!format!("{refused} {refused:?} {proxies:?}").contains("us er"));
        }
    }
}
