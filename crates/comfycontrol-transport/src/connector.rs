//! From a URL to a connection: TCP, then perhaps a proxy, then TLS; or plain to this machine.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol_core::BoxError;
use http::Uri;
use hyper::rt::{Read, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use rustls::ClientConfig;
use tower::ServiceExt;
use tower_service::Service;

use crate::carrier::{BoxFuture, Carrier};
use crate::error::{ConnectFailed, TransportErrorKind};
use crate::informational::{Bounded, bounded};
use crate::loopback::{Loopback, Resolver};
use crate::proxy::Proxies;

/// Makes connections within the connect timeout, TLS handshake and proxy included. TLS is spoken over
/// whatever `C` returns.
pub(crate) struct Connector<C = Route>(Arc<Inner<C>>);

/// Behind one pointer, since a client is cloned for every call and connects seldom.
struct Inner<C> {
    https: HttpsConnector<C>,
    timeout: Duration,
}

impl Connector {
    pub(crate) fn new(tls: ClientConfig, proxies: Proxies, timeout: Duration) -> Self {
        let route = Route::new(tls.clone(), proxies, timeout);
        Self::over(route, tls, timeout)
    }
}

impl<C> Connector<C> {
    pub(crate) fn over(carrier: C, tls: ClientConfig, timeout: Duration) -> Self {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(carrier);
        Self(Arc::new(Inner { https, timeout }))
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
    type Response = Bounded<MaybeHttpsStream<C::Response>>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `call` makes a connector of its own ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, dst: Uri) -> Self::Future {
        let connecting = self.0.https.clone().oneshot(dst);
        let connecting = tokio::time::timeout(self.0.timeout, connecting);
        Box::pin(async move {
            let connected = connecting
                .await
                .map_err(|_| ConnectFailed::new(TransportErrorKind::ConnectTimedOut))?;
            Ok(bounded(connected?))
        })
    }
}

/// Chooses the way to a host.
#[derive(Clone)]
pub(crate) struct Route {
    loopback: Loopback,
    tcp: HttpConnector<Resolver>,
    to_proxy: HttpsConnector<HttpConnector<Resolver>>,
    proxies: Arc<Proxies>,
}

impl Route {
    fn new(tls: ClientConfig, proxies: Proxies, timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        Self {
            loopback: Loopback::new(tcp.clone()),
            to_proxy: HttpsConnectorBuilder::new()
                .with_tls_config(tls)
                .https_or_http()
                .enable_http1()
                .wrap_connector(tcp.clone()),
            tcp,
            proxies: Arc::new(proxies),
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
