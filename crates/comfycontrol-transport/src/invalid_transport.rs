use std::error::Error;
use std::fmt;

use comfycontrol_core::{BoxError, clean_error};

/// A setting that no [`Transport`](crate::Transport) can be built from.
///
/// Shows neither URLs nor certificates, which may hold secrets.
#[derive(Debug)]
pub struct InvalidTransport {
    setting: Setting,
    source: Option<BoxError>,
}

/// The setting that is wrong.
#[derive(Debug)]
pub(crate) enum Setting {
    CryptoProvider,
    /// Entry of this number of the variable of this name.
    #[cfg(feature = "proxy")]
    NoProxyVariable(&'static str, usize),
    #[cfg(feature = "proxy")]
    Proxy(&'static str),
    #[cfg(feature = "proxy")]
    ProxyVariable(&'static str),
    ProxyWithConnector,
    RootCertificate,
    Roots,
}

impl InvalidTransport {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            setting,
            source: None,
        }
    }

    pub(crate) fn because(setting: Setting, source: impl Into<BoxError>) -> Self {
        Self {
            setting,
            source: Some(clean_error(source)),
        }
    }

    /// The name of the [builder](crate::TransportBuilder)'s method whose setting is wrong.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self.setting {
            Setting::CryptoProvider => "crypto_provider",
            #[cfg(feature = "proxy")]
            Setting::NoProxyVariable(..) | Setting::Proxy(_) | Setting::ProxyVariable(_) => "proxy",
            Setting::ProxyWithConnector => "proxy",
            Setting::RootCertificate | Setting::Roots => "root_certificate",
        }
    }
}

impl fmt::Display for InvalidTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.setting {
            Setting::CryptoProvider => f.write_str(
                "no usable TLS provider: enable the feature `ring` or `aws-lc-rs`, or set another \
                 crypto_provider or a tls_config",
            ),
            #[cfg(feature = "proxy")]
            Setting::NoProxyVariable(name, entry) => write!(
                f,
                "entry {entry} of {name} cannot be read: give a host, *.domain, an address or a \
                 network, with or without a port, or call no_proxy()"
            ),
            #[cfg(feature = "proxy")]
            Setting::Proxy(why) => write!(
                f,
                "proxy {why}: give http://, https://, socks5:// or socks5h:// with host and port"
            ),
            #[cfg(feature = "proxy")]
            Setting::ProxyVariable(name) => write!(
                f,
                "{name} does not hold a proxy: give http://, https://, socks5:// or socks5h:// with \
                 host and port, or call no_proxy()"
            ),
            Setting::ProxyWithConnector => f.write_str(
                "proxy cannot be used with a connector of your own, which decides where connections \
                 lead: give up one of them",
            ),
            Setting::RootCertificate => {
                f.write_str("root certificate is not usable: give one X.509 certificate in DER")
            }
            Setting::Roots => f.write_str(
                "no trusted certificates: install the system's CA bundle, set root_certificate, \
                 or enable the feature `webpki-roots`",
            ),
        }
    }
}

impl Error for InvalidTransport {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
