//! Where a name leads, and whether it may lead there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use comfycontrol_core::{BoxError, HostKind, InternalHosts};
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::carrier::BoxFuture;
use crate::error::{ConnectFailed, TransportErrorKind};

/// The system's resolver, whose answers are cut down to the addresses that a name may lead to, so
/// that no connection is even tried to another: those of this machine for `localhost`, and none of
/// the internal network for hosts that a server names.
#[derive(Clone, Debug)]
pub(crate) struct Resolver<R = GaiResolver> {
    inner: R,
    /// The hosts of the internal network that may be reached; all of them if there is no rule.
    internal: Option<Arc<InternalHosts>>,
}

impl Resolver {
    pub(crate) fn new(internal: Option<Arc<InternalHosts>>) -> Self {
        let inner = GaiResolver::new();
        Self { inner, internal }
    }
}

impl<R> Service<Name> for Resolver<R>
where
    R: Service<Name>,
    R::Response: Iterator<Item = SocketAddr>,
    R::Error: Into<BoxError>,
    R::Future: Send + 'static,
{
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let host = name.as_str().to_owned();
        let internal = self.internal.clone();
        let resolving = self.inner.call(name);
        Box::pin(async move {
            let found = resolving
                .await
                .map_err(|e| ConnectFailed::because(TransportErrorKind::Dns, e))?;
            let local = is_loopback(&host);
            let allowed = |addr: &SocketAddr| {
                let internal = internal.as_ref();
                internal.is_none_or(|hosts| hosts.allow_at(&host, addr.ip()))
            };
            let mut refused = None;
            let mut kept = Vec::new();
            for addr in found {
                if local && !addr.ip().is_loopback() {
                    refused = Some(not_loopback());
                } else if allowed(&addr) {
                    kept.push(addr);
                } else {
                    refused = Some(internal_address());
                }
            }
            match refused {
                Some(refused) if kept.is_empty() => Err(refused),
                _ => Ok(kept.into_iter()),
            }
        })
    }
}

/// Whether a host is written as one of this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    HostKind::of(host) == Some(HostKind::Loopback)
}

pub(crate) fn not_loopback() -> BoxError {
    ConnectFailed::new(TransportErrorKind::NotLoopback).into()
}

pub(crate) fn internal_address() -> BoxError {
    ConnectFailed::new(TransportErrorKind::InternalAddress).into()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::Uri;
    use hyper_util::client::legacy::connect::HttpConnector;
    use tokio::net::TcpListener;
    use tower::{ServiceExt, service_fn};

    use super::*;
    use crate::TransportError;

    /// What a connection to `storage.example` at `port` comes to, whose name leads to these
    /// addresses.
    async fn connect(led: &[[u8; 4]], named: &[&str], port: u16) -> Result<(), TransportError> {
        let led: Vec<_> = led.iter().map(|ip| SocketAddr::from((*ip, 0))).collect();
        let inner = service_fn(move |_: Name| {
            let led = led.clone();
            async move { Ok::<_, BoxError>(led.into_iter()) }
        });
        let named = named.iter().map(|name| (*name).to_owned()).collect();
        let internal = Some(Arc::new(InternalHosts::new("api.example", named)));
        let tcp = HttpConnector::new_with_resolver(Resolver { inner, internal });
        let url = format!("http://storage.example:{port}/");
        let connected = tcp.oneshot(Uri::try_from(url).unwrap()).await;
        connected.map(drop).map_err(TransportError::new)
    }

    #[tokio::test]
    async fn a_name_that_leads_into_the_internal_network_is_not_connected_to() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        for led in [
            &[[127, 0, 0, 1]][..],
            &[[10, 0, 0, 7], [169, 254, 169, 254], [127, 0, 0, 1]],
        ] {
            let refused = connect(led, &[], port).await.unwrap_err();
            assert_eq!(refused.kind(), TransportErrorKind::InternalAddress);
            assert!(!refused.is_transient());
        }
        // Of the addresses of one name, those outside are left.
        let mut resolver = Resolver {
            inner: service_fn(|_: Name| async {
                let led = [[10, 0, 0, 7], [203, 0, 114, 1]];
                Ok::<_, BoxError>(led.map(|ip| SocketAddr::from((ip, 0))).into_iter())
            }),
            internal: Some(Arc::default()),
        };
        let kept = resolver.call("storage.example".parse().unwrap()).await;
        let kept: Vec<_> = kept.unwrap().collect();
        assert_eq!(kept, [SocketAddr::from(([203, 0, 114, 1], 0))]);

        let asked = tokio::time::timeout(std::time::Duration::from_millis(20), server.accept());
        assert!(asked.await.is_err(), "it was connected to");
        // Known by its name, it is.
        connect(&[[127, 0, 0, 1]], &["storage.example"], port)
            .await
            .unwrap();
    }
}
