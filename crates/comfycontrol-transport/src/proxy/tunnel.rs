use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use comfycontrol_core::BoxError;
use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tower::ServiceExt;

use super::address::{Address, Scheme};
use super::exceptions::Exceptions;
use crate::carrier::{BoxFuture, Carrier};
use crate::error::{ConnectFailed, TransportErrorKind};
use crate::invalid_transport::{InvalidTransport, Setting};
use crate::resolver::{Resolver, is_loopback};

/// The proxy to use. The default is none.
#[derive(Clone)]
pub(crate) enum Proxies {
    /// One for every host but this machine, which a proxy elsewhere cannot reach, and for which
    /// what is meant to stay here would leave.
    Through(Arc<Proxy>),
    None,
    /// A variable is set to what cannot be used: a user who meant to hide behind a proxy must not
    /// be shown.
    Unusable(Unusable),
}

pub(crate) struct Proxy {
    address: Address,
    intercept: Intercept,
    except: Exceptions,
}

#[derive(Clone, Copy)]
pub(crate) enum Unusable {
    /// The variable of this name names no proxy.
    Proxy(&'static str),
    /// An entry, counted from 1, of the variable of this name cannot be read.
    Exception(&'static str, usize),
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

    /// Read here, because hyper-util connects directly where it does not understand a variable.
    fn from_variables(value: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| Some((name, value(name).filter(|value| !value.is_empty())?));
        let Some((name, url)) = PROXY.into_iter().find_map(set) else {
            return Self::None;
        };
        let Some(Ok(mut proxy)) = url.to_str().map(Proxy::new) else {
            return Self::Unusable(Unusable::Proxy(name));
        };
        if let Some((name, hosts)) = NO_PROXY.into_iter().find_map(set) {
            match Exceptions::parse(&hosts.to_string_lossy()) {
                Ok(except) => proxy.except = except,
                Err(entry) => return Self::Unusable(Unusable::Exception(name, entry)),
            }
        }
        Self::Through(Arc::new(proxy))
    }

    /// One proxy for every host but this machine.
    pub(crate) fn all(url: &str) -> Result<Self, InvalidTransport> {
        let proxy = Proxy::new(url).map_err(|why| InvalidTransport::new(Setting::Proxy(why)))?;
        Ok(Self::Through(Arc::new(proxy)))
    }

    /// # Errors
    ///
    /// Fails if the environment names a proxy, or an exception from it, that cannot be used.
    pub(crate) fn check(&self) -> Result<(), InvalidTransport> {
        match self {
            Self::Unusable(Unusable::Proxy(name)) => {
                Err(InvalidTransport::new(Setting::ProxyVariable(name)))
            }
            Self::Unusable(Unusable::Exception(name, entry)) => Err(InvalidTransport::new(
                Setting::NoProxyVariable(name, *entry),
            )),
            Self::Through(_) | Self::None => Ok(()),
        }
    }

    /// What tells clients apart that reach `dst` by different addresses: the proxy without its
    /// credentials, however it is written.
    pub(crate) fn key(&self, dst: &Uri) -> Option<String> {
        self.proxy(dst).map(|proxy| proxy.address.key())
    }

    fn proxy(&self, dst: &Uri) -> Option<&Proxy> {
        let Self::Through(proxy) = self else {
            return None;
        };
        let host = dst.host()?;
        let port = dst.port_u16().unwrap_or(HTTPS_PORT);
        (!is_loopback(host) && !proxy.except.contain(host, port)).then_some(proxy)
    }

    /// A connection to `dst` through its proxy, or `None` if the way is direct.
    pub(crate) fn connect(
        &self,
        dst: &Uri,
        to_proxy: &HttpsConnector<HttpConnector<Resolver>>,
    ) -> Option<BoxFuture<Carrier>> {
        let Proxy {
            address, intercept, ..
        } = self.proxy(dst)?;
        let dst = dst.clone();
        Some(match address.scheme() {
            Scheme::Http | Scheme::Https => {
                let mut tunnel = Tunnel::new(intercept.uri().clone(), to_proxy.clone());
                if let Some(auth) = intercept.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                let connecting = tunnel.oneshot(dst);
                Box::pin(async move { connecting.await.map_err(failed) })
            }
            // Both ways of writing it leave names to the proxy: resolving them here would block.
            Scheme::Socks5 => {
                let mut socks = SocksV5::new(over_tcp(intercept.uri()), to_proxy.clone());
                if let Some((user, password)) = intercept.raw_auth() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                let connecting = socks.oneshot(dst);
                Box::pin(async move { connecting.await.map_err(failed) })
            }
        })
    }
}

impl Proxy {
    /// # Errors
    ///
    /// Says what is wrong with the URL, without showing it.
    fn new(url: &str) -> Result<Self, &'static str> {
        let address = Address::parse(url)?;
        // It decodes the credentials.
        let matcher = Matcher::builder().all(address.with_credentials()).build();
        let probe = Uri::from_static("https://example.com/");
        Ok(Self {
            intercept: matcher.intercept(&probe).ok_or("URL is not valid")?,
            address,
            except: Exceptions::default(),
        })
    }
}

/// The address of a SOCKS proxy as a URL the TCP connector takes.
fn over_tcp(proxy: &Uri) -> Uri {
    let host = proxy.host().unwrap_or_default();
    let port = proxy.port_u16().unwrap_or_default();
    Uri::try_from(format!("http://{host}:{port}")).unwrap_or_default()
}

fn failed(e: impl Into<BoxError>) -> BoxError {
    ConnectFailed::because(TransportErrorKind::Proxy, e).into()
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Through(proxy) => {
                write!(
                    f,
                    "Proxies({}, except {:?})",
                    proxy.address.key(),
                    proxy.except
                )
            }
            Self::None => f.write_str("Proxies(None)"),
            Self::Unusable(Unusable::Proxy(name) | Unusable::Exception(name, _)) => {
                write!(f, "Proxies(Unusable({name}))")
            }
        }
    }
}

const HTTPS_PORT: u16 = 443;
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
            (&[("all_proxy", "socks5h://u:p@c:9")], Some("socks5://c:9/")),
            (&[("ALL_PROXY", "d"), ("NO_PROXY", "*:443")], None),
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
            "http://h:0",
            "http://h:65536",
            "http://h:",
        ] {
            let proxies = from(&[("HTTPS_PROXY", value), ("ALL_PROXY", "http://d:1")]);
            let refused = proxies.check().unwrap_err();
            assert_eq!(refused.setting(), "proxy", "{value}");
            assert!(refused.to_string().starts_with("HTTPS_PROXY does not hold"));
            assert!(!format!("{refused} {refused:?} {proxies:?}").contains("us er"));
        }
    }

    #[test]
    fn an_exception_that_cannot_be_read_is_an_error() {
        for name in ["NO_PROXY", "no_proxy"] {
            let except = (name, "a.example, https://hidden.example");
            let refused = from(&[("HTTPS_PROXY", "http://d:1"), except]).check();
            let refused = refused.unwrap_err();
            assert_eq!(refused.setting(), "proxy");
            let told = format!("entry 2 of {name} cannot be read");
            assert!(refused.to_string().starts_with(&told), "{refused}");
            assert!(!format!("{refused} {refused:?}").contains("hidden"));
            // Without a proxy there is nothing to except from.
            assert!(from(&[except]).check().is_ok());
        }
    }

    #[test]
    fn this_machine_is_never_reached_by_a_proxy() {
        let proxies = Proxies::all("http://proxy").unwrap();
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let uri = Uri::try_from(format!("https://{host}:1/")).unwrap();
            assert_eq!(proxies.key(&uri), None, "{host}");
        }
        assert!(
            proxies
                .key(&Uri::from_static("https://api.example/"))
                .is_some()
        );
    }
}
