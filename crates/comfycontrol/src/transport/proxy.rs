//! Which proxy a connection goes through, and how: HTTP CONNECT or SOCKS5.
//!
//! A proxy only ever carries TLS for us, and its credentials go to it alone.

#[cfg(feature = "proxy")]
mod tunnel;

#[cfg(feature = "proxy")]
pub(crate) use self::tunnel::Proxies;

/// No proxies: the feature is off.
#[cfg(not(feature = "proxy"))]
#[derive(Clone, Debug)]
pub(crate) struct Proxies;

#[cfg(not(feature = "proxy"))]
impl Proxies {
    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn from_env() -> Self {
        Self
    }

    pub(crate) fn key(&self, _: &str) -> Option<String> {
        None
    }

    pub(super) fn connect<C>(&self, _: &http::Uri, _: &C) -> Option<Connecting> {
        None
    }
}

#[cfg(not(feature = "proxy"))]
type Connecting = std::pin::Pin<
    Box<
        dyn Future<
                Output = Result<
                    super::connector::Carrier,
                    Box<dyn std::error::Error + Send + Sync>,
                >,
            > + Send,
    >,
>;
