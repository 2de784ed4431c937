use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::{BoxError, InternalHosts};
use http::{Method, Request, Response, Uri};
use http_body::Body;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::connector::{Connector, Network};
use crate::framing;
use crate::future::ResponseFuture;
use crate::pool::{Outgoing, Pool, PoolSettings};
use crate::{TransportBody, TransportError};

/// Puts requests on the wire and returns the responses, whatever their status.
///
/// HTTP/2 where the server offers it by ALPN, else HTTP/1.1; plain `http` to this machine only, and
/// by HTTP/1.1. It adds no header but those that frame a message (`Host`, `Content-Length`,
/// `Transfer-Encoding`), follows no redirect, and sends nothing twice but what the server has
/// certainly not processed. `B` is the body of the requests.
///
/// A request needs an absolute URI. One whose version is set to HTTP/2 fails where the server
/// speaks HTTP/1.1 only; with HTTP/1.1, the default, it takes what there is.
///
/// It is always ready, unless it is made [from a service](Self::from_service): connections are made
/// while a response is awaited, by a task of the runtime on which it is. Clones share the
/// connections on one runtime.
///
/// Calls that come at once to a server for the first time wait for one connection. If it
/// speaks HTTP/2, they share it up to the server's limit of streams, then one more is made; over
/// HTTP/1.1 up to [8](crate::TransportBuilder::max_connections) are made as they are needed, and
/// further calls wait. A caller that goes away leaves the connection to the others. If it cannot be
/// made, all who have waited for it are told why, and nothing was sent. Where others are open,
/// those who wait get a place on them instead, and the next is made after a pause, from 100 ms to
/// 30 s the longer the more have failed.
///
/// Over HTTP/2 a server may refuse a stream, or say goodbye before it has looked at a request (RFC
/// 9113 §8.7). One whose body is at most 64 KiB, and is there at once, is sent again, at most three
/// times.
///
/// Over HTTP/1.1 a response may come before its request has been written. Once it has been read,
/// the rest is sent as long as the server takes it: after 5 s without a byte the connection is
/// closed.
///
/// A connection that has not been used for 60 s is closed. Over HTTP/2 a ping is sent after 30 s in
/// which nothing has come, and a connection that does not give it back within 10 s has broken. One
/// on which unread responses take more than three quarters of [32
/// MiB](crate::TransportBuilder::max_unread) gets no more calls until they are read, as long as
/// another can be made.
pub struct Transport<B: 'static>(Kind<B>);

enum Kind<B: 'static> {
    Pool(Pooled<B>),
    Other(BoxCloneSyncService<Request<B>, Response<TransportBody>, TransportError>),
}

struct Pooled<B: 'static> {
    pool: Arc<Pool<B>>,
    /// What another pool is made from; `None` over a connector of another kind.
    network: Option<Arc<Network>>,
}

impl<B> Transport<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    pub(crate) fn over(network: Network, settings: PoolSettings) -> Self {
        Self::reaching(Arc::new(network), None, settings)
    }

    fn reaching(
        network: Arc<Network>,
        internal: Option<InternalHosts>,
        settings: PoolSettings,
    ) -> Self {
        let connector = Connector::new(Network::clone(&network), internal);
        Self(Kind::Pool(Pooled {
            pool: Arc::new(Pool::new(connector, settings, network.timeout)),
            network: Some(network),
        }))
    }

    /// Creates a transport for URLs that a server names: it reaches no host of the internal network
    /// but `internal`, by name or by address, and has connections of its own.
    ///
    /// What counts is the address that is connected to, whatever the name led to before. A
    /// [proxy](crate::TransportBuilder::proxy) resolves the names itself: what it reaches is for it
    /// to decide, and only hosts written as addresses are looked at. A transport over a
    /// connector or a service of your own decides so as well, and stays what it is.
    #[must_use]
    pub fn for_other_origins(&self, internal: InternalHosts) -> Self {
        match &self.0 {
            Kind::Pool(Pooled {
                pool,
                network: Some(network),
            }) => Self::reaching(Arc::clone(network), Some(internal), pool.settings().clone()),
            _ => self.clone(),
        }
    }

    /// Over a connector of another kind, which has so much time for a connection.
    pub(crate) fn over_other<C>(connector: C, settings: PoolSettings, timeout: Duration) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        Self(Kind::Pool(Pooled {
            pool: Arc::new(Pool::new(connector, settings, timeout)),
            network: None,
        }))
    }

    /// Sends requests over the connections of a connector that speaks TLS itself.
    ///
    /// **Nothing is encrypted here: requests to `https` URLs, and the token in them, are written in
    /// clear text into what the connector returns.** It must make the TLS handshake for such
    /// URLs, check the certificate for their host, and offer `h2` by ALPN if HTTP/2 is to be
    /// spoken. One that does not is for [`from_connector`](Self::from_connector).
    ///
    /// The time for a connection is the connector's own to bound, too: one that has taken 60 s is
    /// given up.
    pub fn from_tls_connector<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        Self::over_other(connector, PoolSettings::default(), CONNECT_AT_MOST)
    }

    /// Sends requests to any service in place of the network.
    ///
    /// It is ready when the service is. The service's error becomes a [`TransportError`] by
    /// [`TransportError::new`].
    pub fn from_service<S, R>(service: S) -> Self
    where
        S: Service<Request<B>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let service = service
            .map_response(|res: Response<R>| res.map(TransportBody::boxed))
            .map_err(TransportError::new);
        Self(Kind::Other(BoxCloneSyncService::new(service)))
    }
}

impl<B: 'static> Clone for Transport<B> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Pool(Pooled { pool, network }) => Kind::Pool(Pooled {
                pool: Arc::clone(pool),
                network: network.clone(),
            }),
            Kind::Other(service) => Kind::Other(service.clone()),
        })
    }
}

impl<B: 'static> fmt::Debug for Transport<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::Pool(_) => "pool",
            Kind::Other(_) => "other",
        };
        f.debug_tuple("Transport").field(&kind).finish()
    }
}

impl<B> Service<Request<B>> for Transport<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<TransportBody>;
    type Error = TransportError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match &mut self.0 {
            // A pool is always ready.
            Kind::Pool(_) => Poll::Ready(Ok(())),
            Kind::Other(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, req: Request<B>) -> ResponseFuture {
        if let Err(fault) = framing::check(&req) {
            return ResponseFuture::refused(fault);
        }
        let to_head = req.method() == Method::HEAD;
        match &mut self.0 {
            Kind::Pool(Pooled { pool, .. }) => {
                let sending = Arc::clone(pool).send(Box::new(req.map(Outgoing::new)));
                ResponseFuture::sent(Box::pin(sending), to_head)
            }
            Kind::Other(service) => ResponseFuture::sent(service.call(req), to_head),
        }
    }
}

const CONNECT_AT_MOST: Duration = Duration::from_secs(60);
