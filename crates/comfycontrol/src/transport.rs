//! The service that puts requests on the wire: hyper-util's client over hyper-rustls.
//!
//! HTTP/2 by ALPN, else HTTP/1.1. Plain `http` goes to this machine only. Redirects are not
//! followed. Certificates are always checked; there is no switch to skip that.
//!
//! ```
//! use comfycontrol::transport::Transport;
//! use comfycontrol::{Body, Client, Error};
//! use http::{Request, Response};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let transport = Transport::from_service(tower::service_fn(|_: Request<Body>| async {
//!     Ok::<_, Error>(Response::new(Body::from("pong")))
//! }));
//! let client = Client::builder().without_token().transport(transport).build()?;
//! assert_eq!(client.get("/ping").send().await?.text().await?, "pong");
//! # Ok(())
//! # }
//! ```

mod connector;
mod loopback;
mod proxy;
mod tls;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::ResponseFuture as HyperFuture;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pin_project_lite::pin_project;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceExt};
use tower_service::Service;

use self::connector::Connector;
pub(crate) use self::proxy::Proxies;
pub(crate) use self::tls::TlsSettings;
use crate::error::without_quotes;
use crate::{Body, Error};

/// The version of rustls that [`tls_config`](crate::ClientBuilder::tls_config) and
/// [`crypto_provider`](crate::ClientBuilder::crypto_provider) take.
#[doc(no_inline)]
pub use rustls;

type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Puts requests on the wire.
///
/// Clones share one pool of connections.
#[derive(Clone)]
pub struct Transport(Kind);

#[derive(Clone)]
enum Kind {
    Hyper(Arc<HyperClient<Connector, Body>>),
    Own(BoxCloneSyncService<Request<Body>, Response<TransportBody>, Error>),
}

impl Transport {
    pub(crate) fn hyper(
        tls: TlsSettings,
        proxies: Proxies,
        connect_timeout: Duration,
    ) -> Result<Self, Error> {
        proxies.check()?;
        let connector = Connector::new(tls.build()?, proxies, connect_timeout);
        Ok(Self(Kind::Hyper(Arc::new(pooled(connector)))))
    }

    /// Takes a connector in place of ours: Unix sockets, a tunnel, another TLS.
    ///
    /// What it connects to is its own affair. Give it ALPN if HTTP/2 is wanted.
    pub fn from_connector<C>(connector: C) -> Self
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        Self::from_service(pooled(connector))
    }

    /// Takes any service in place of the network.
    pub fn from_service<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let service = service
            .map_response(|res: Response<B>| res.map(TransportBody::boxed))
            .map_err(Error::transport);
        Self(Kind::Own(BoxCloneSyncService::new(service)))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::Hyper(_) => "hyper",
            Kind::Own(_) => "own",
        };
        f.debug_tuple("Transport").field(&kind).finish()
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<TransportBody>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut self.0 {
            // A pool is always ready.
            Kind::Hyper(_) => Poll::Ready(Ok(())),
            Kind::Own(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, req: Request<Body>) -> ResponseFuture {
        let kind = match &mut self.0 {
            Kind::Hyper(client) => FutureKind::Hyper {
                inner: client.request(req),
            },
            Kind::Own(service) => FutureKind::Own {
                inner: service.call(req),
            },
        };
        ResponseFuture { kind }
    }
}

type OwnFuture = Pin<Box<dyn Future<Output = Result<Response<TransportBody>, Error>> + Send>>;

pin_project! {
    /// Response future of [`Transport`].
    pub struct ResponseFuture {
        #[pin]
        kind: FutureKind,
    }
}

pin_project! {
    #[project = FutureKindProj]
    enum FutureKind {
        Hyper { #[pin] inner: HyperFuture },
        Own { inner: OwnFuture },
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<TransportBody>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            FutureKindProj::Hyper { inner } => inner
                .poll(cx)
                .map_ok(|res| res.map(TransportBody::incoming))
                .map_err(Error::transport),
            FutureKindProj::Own { inner } => inner.as_mut().poll(cx),
        }
    }
}

pin_project! {
    /// Response body of [`Transport`], as it came off the wire.
    #[derive(Debug)]
    pub struct TransportBody {
        #[pin]
        kind: BodyKind,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = BodyKindProj]
    enum BodyKind {
        Incoming { #[pin] body: Incoming },
        Boxed { #[pin] body: UnsyncBoxBody<Bytes, BoxError> },
    }
}

impl TransportBody {
    fn incoming(body: Incoming) -> Self {
        Self {
            kind: BodyKind::Incoming { body },
        }
    }

    fn boxed<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            kind: BodyKind::Boxed {
                body: body.map_err(Into::into).boxed_unsync(),
            },
        }
    }
}

impl HttpBody for TransportBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match self.project().kind.project() {
            BodyKindProj::Incoming { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            BodyKindProj::Boxed { body } => body.poll_frame(cx),
        };
        // Here, so that no layer further out can show them.
        frame.map(|frame| frame.map(|frame| frame.map_err(without_quotes)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            BodyKind::Incoming { body } => body.is_end_stream(),
            BodyKind::Boxed { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            BodyKind::Incoming { body } => body.size_hint(),
            BodyKind::Boxed { body } => body.size_hint(),
        }
    }
}

fn pooled<C: Connect + Clone>(connector: C) -> HyperClient<C, Body> {
    HyperClient::builder(TokioExecutor::new())
        // Without the first, HTTP/2 keep-alive panics; without the second, idle connections
        // are closed only when the pool is next used.
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .build(connector)
}

/// Shorter than what NATs and the edge forget in.
const POOL_IDLE: Duration = Duration::from_secs(60);
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
