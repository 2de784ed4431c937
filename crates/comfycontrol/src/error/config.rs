use std::error::Error;
use std::fmt;

use comfycontrol_token::{InvalidOrigin, InvalidToken};
use tower::BoxError;

/// A setting the client cannot be built from.
#[derive(Debug)]
pub struct InvalidConfig {
    setting: Setting,
    source: Option<BoxError>,
}

/// The setting that is wrong.
#[derive(Debug)]
pub(crate) enum Setting {
    BaseUrl(InvalidOrigin),
    CryptoProvider,
    Header,
    #[cfg(feature = "proxy")]
    Proxy(&'static str),
    #[cfg(feature = "proxy")]
    ProxyVariable(&'static str),
    RootCertificate,
    Roots,
    TokenMalformed(InvalidToken),
    TokenMissing,
    TokenUnreadable,
    UserAgent,
}

impl InvalidConfig {
    pub(crate) fn new(setting: Setting) -> Self {
        Self {
            setting,
            source: None,
        }
    }

    pub(crate) fn because(setting: Setting, source: impl Into<BoxError>) -> Self {
        Self {
            setting,
            source: Some(source.into()),
        }
    }

    /// The name of the builder method whose setting is wrong.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self.setting {
            Setting::BaseUrl(_) => "base_url",
            Setting::CryptoProvider => "crypto_provider",
            Setting::Header => "default_header",
            #[cfg(feature = "proxy")]
            Setting::Proxy(_) | Setting::ProxyVariable(_) => "proxy",
            Setting::RootCertificate | Setting::Roots => "root_certificate",
            Setting::TokenMalformed(_) | Setting::TokenMissing | Setting::TokenUnreadable => {
                "token"
            }
            Setting::UserAgent => "user_agent",
        }
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.setting {
            Setting::BaseUrl(why) => write!(f, "base URL refused: {why}"),
            Setting::CryptoProvider => f.write_str(
                "no TLS provider: enable the feature `ring` or `aws-lc-rs`, or set tls_config",
            ),
            Setting::Header => f.write_str("default header is not valid in HTTP"),
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
            Setting::RootCertificate => {
                f.write_str("root certificate is not usable: give one X.509 certificate in DER")
            }
            Setting::Roots => f.write_str(
                "no trusted certificates: install the system's CA bundle, set root_certificate, \
                 or enable the feature `webpki-roots`",
            ),
            Setting::TokenMalformed(why) => write!(f, "token refused: {why}"),
            Setting::TokenMissing => f.write_str(
                "no token: set COMFYCONTROL_TOKEN, call token(), or say without_token()",
            ),
            Setting::TokenUnreadable => f.write_str("token cannot be read"),
            Setting::UserAgent => f.write_str("user agent is not valid in HTTP"),
        }
    }
}

impl Error for InvalidConfig {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as _)
    }
}
