//! From a URL to a connection: TCP, then perhaps a proxy, then TLS; or plain to this machine.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol_core::{BoxError, InternalHosts};
use http::Uri;
use hyper::rt::{Read, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use rustls::ClientConfig;
use tower::ServiceExt;
use tower_service::Service;

use crate::carrier::{BoxFuture, Carrier};
use crate::loopback::Loopback;
use crate::proxy::Proxies;
use crate::read_ahead::{ReadAhead, ReadingAhead};
use crate::resolver::{Resolver, internal_address};

/// Makes connections, TLS over what `C` returns.
///
/// Behind one pointer, since it is cloned for every connection.
pub(crate) struct Connector<C = Route>(Arc<HttpsConnector<ReadingAhead<C>>>);

/// What connectors of the network are made from.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) tls: ClientConfig,
    pub(crate) proxies: Proxies,
    pub(crate) timeout: Duration,
}

impl Connector {
    pub(crate) fn new(network: Network, internal: Option<InternalHosts>) -> Self {
        let tls = network.tls.clone();
        Self::over(Route::new(network, internal.map(Arc::new)), tls)
    }
}

impl<C> Connector<C> {
    pub(crate) fn over(carrier: C, tls: ClientConfig) -> Self {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(ReadingAhead::new(carrier));
        Self(Arc::new(https))
    }
}

impl<C> Clone for Connector<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Service<Uri> for Connector<C>
where
    C: Service<Uri> + Clone + Send + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = MaybeHttpsStream<ReadAhead<C::Response>>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `call` makes a connector of its own ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, dst: Uri) -> Self::Future {
        Box::pin(HttpsConnector::clone(&self.0).oneshot(dst))
    }
}

/// Chooses the way to a host.
#[derive(Clone)]
pub(crate) struct Route {
    loopback: Loopback,
    tcp: HttpConnector<Resolver>,
    to_proxy: HttpsConnector<HttpConnector<Resolver>>,
    proxies: Arc<Proxies>,
    /// The hosts of the internal network that may be reached; all of them if there is no rule.
    internal: Option<Arc<InternalHosts>>,
}

impl Route {
    fn new(network: Network, internal: Option<Arc<InternalHosts>>) -> Self {
        let Network {
            tls,
            proxies,
            timeout,
        } = network;
        let tcp = |internal| {
            let mut tcp = HttpConnector::new_with_resolver(Resolver::new(internal));
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(timeout));
            tcp
        };
        Self {
            loopback: Loopback::new(tcp(internal.clone())),
            to_proxy: HttpsConnectorBuilder::new()
                .with_tls_config(tls)
                .https_or_http()
                .enable_http1()
                // A proxy was set by the user, and stands where it does.
                .wrap_connector(tcp(None)),
            tcp: tcp(internal.clone()),
            proxies: Arc::new(proxies),
            internal,
        }
    }
}

impl Service<Uri> for Route {
    type Response = Carrier;
    type Error = BoxError;
    type Future = BoxFuture<Carrier>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, dst: Uri) -> Self::Future {
        let host = dst.host().unwrap_or_default();
        // An address is not resolved.
        if self
            .internal
            .as_ref()
            .is_some_and(|hosts| !hosts.allow(host))
        {
            return Box::pin(async { Err(internal_address()) });
        }
        // A proxy would read plain http, so that it is never asked to carry it.
        if dst.scheme() != Some(&http::uri::Scheme::HTTPS) {
            let connecting = self.loopback.clone().oneshot(dst);
            return Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) });
        }
        if let Some(connecting) = self.proxies.connect(&dst, &self.to_proxy) {
            return connecting;
        }
        let connecting = self.tcp.call(dst);
        Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
    }
}
