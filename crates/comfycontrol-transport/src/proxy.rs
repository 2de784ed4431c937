//! Which proxy a connection goes through, and how: HTTP CONNECT or SOCKS5.
//!
//! A proxy only ever carries TLS for us, and its credentials go to it alone.

#[cfg(feature = "proxy")]
mod address;
#[cfg(feature = "proxy")]
mod exceptions;
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

    pub(crate) fn is_none(&self) -> bool {
        true
    }

    pub(crate) fn check(&self) -> Result<(), crate::invalid_transport::InvalidTransport> {
        Ok(())
    }

    pub(crate) fn key(&self, _: &http::Uri) -> Option<String> {
        None
    }

    pub(crate) fn connect<C>(
        &self,
        _: &http::Uri,
        _: &C,
    ) -> Option<crate::carrier::BoxFuture<crate::carrier::Carrier>> {
        None
    }
}
