//! The pool of connections: shared over HTTP/2, kept for the next call over HTTP/1.1.

mod connect;
mod executor;
mod home;
mod host;
mod outgoing;
mod peer;
mod plan;
mod pooled;
mod returned;
mod sender;
mod settings;
mod state;
mod upload;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri, Version};
use http_body::Body;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::Connection;
use tokio::runtime::{self, Handle};
use tower_service::Service;

use self::connect::{Connect, Http};
use self::host::Host;
use self::outgoing::BoxRequest;
use self::pooled::NotSent;
use crate::TransportError;
use crate::error::Unsendable;

pub(crate) use self::outgoing::Outgoing;
pub(crate) use self::pooled::{Held, Received};
pub(crate) use self::settings::PoolSettings;
pub(crate) use self::upload::Written;

/// Connections to any number of origins.
pub(crate) struct Pool<B: 'static> {
    connect: Arc<dyn Connect<Outgoing<B>>>,
    settings: PoolSettings,
    hosts: Mutex<Hosts<B>>,
}

type Hosts<B> = Vec<(Key, Arc<Host<Outgoing<B>>>)>;

/// An origin, and the runtime whose tasks carry the connections: they end with it, and stand still
/// while it does not run.
#[derive(Debug)]
struct Key {
    scheme: Scheme,
    authority: Authority,
    runtime: runtime::Id,
}

impl<B> Pool<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    /// Over the connections of this connector, which has so much time for each.
    pub(crate) fn new<C>(connector: C, settings: PoolSettings, timeout: Duration) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: Connection + Read + Write + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        Self {
            connect: Arc::new(Http {
                connector,
                settings: settings.clone(),
                timeout,
            }),
            settings,
            hosts: Mutex::default(),
        }
    }

    pub(crate) fn settings(&self) -> &PoolSettings {
        &self.settings
    }

    /// The response to a request. What was not sent for a connection that had ended is sent by
    /// another; so is what the server has certainly not processed (RFC 9113 §8.7), a few times.
    pub(crate) async fn send<R: Received>(
        self: Arc<Self>,
        mut req: BoxRequest<B>,
    ) -> Result<Response<R>, TransportError> {
        let host = self.host(&mut req).map_err(TransportError::new)?;
        drop(self);
        let mut left = SENT_AGAIN;
        loop {
            let pooled = host.checkout().await?;
            match pooled.send(req).await {
                Ok(res) => return Ok(res),
                Err(NotSent::Stale(unsent)) => req = unsent,
                Err(NotSent::Unprocessed(unsent, _)) if left > 0 => {
                    left -= 1;
                    req = unsent;
                }
                Err(NotSent::Unprocessed(_, e) | NotSent::Failed(e)) => return Err(e),
            }
        }
    }

    fn host(&self, req: &mut Request<Outgoing<B>>) -> Result<Arc<Host<Outgoing<B>>>, Unsendable> {
        if !matches!(
            req.version(),
            Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2
        ) {
            return Err(Unsendable::Version);
        }
        let runtime = Handle::try_current().map_err(|_| Unsendable::Runtime)?;
        let scheme = scheme(req).ok_or(Unsendable::Relative)?;
        let authority = req.uri().authority().ok_or(Unsendable::Relative)?;
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        // Most often there is one, which is found sooner than a hash is made. A thousand that are
        // in use at once cost a call some microseconds.
        let known = hosts.iter().find(|(key, _)| {
            // Mostly it is written alike, which is seen sooner than a likeness without case.
            let is_there =
                key.authority.as_str() == authority.as_str() || key.authority == *authority;
            is_there && key.scheme == scheme && key.runtime == runtime.id()
        });
        if let Some((_, host)) = known {
            return Ok(Arc::clone(host));
        }
        if !has_port(authority) {
            return Err(Unsendable::Port);
        }
        let key = Key {
            scheme,
            authority: authority.clone(),
            runtime: runtime.id(),
        };
        if hosts.len() >= REMEMBERED {
            // One that somebody holds is about to be used.
            hosts.retain(|(_, host)| Arc::strong_count(host) > 1 || !host.is_empty());
        }
        let mut parts = Parts::default();
        parts.scheme = Some(key.scheme.clone());
        parts.authority = Some(key.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        let uri = Uri::from_parts(parts).map_err(|_| Unsendable::Relative)?;
        let (connect, limits) = (Arc::clone(&self.connect), self.settings.limits());
        let host = Host::new(uri, runtime, connect, limits);
        hosts.push((key, Arc::clone(&host)));
        Ok(host)
    }
}

/// The scheme of a request; CONNECT has none (RFC 9112 §3.2.3), so that it gets one.
fn scheme<B>(req: &mut Request<B>) -> Option<Scheme> {
    if let Some(scheme) = req.uri().scheme() {
        return Some(scheme.clone());
    }
    if req.method() != Method::CONNECT {
        return None;
    }
    let scheme = match req.uri().port_u16() {
        Some(443) => Scheme::HTTPS,
        _ => Scheme::HTTP,
    };
    let mut parts = req.uri().clone().into_parts();
    parts.scheme = Some(scheme.clone());
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    *req.uri_mut() = Uri::from_parts(parts).ok()?;
    Some(scheme)
}

/// Whether the port is one that there is, or is left to the scheme (RFC 3986 §3.2.3). `Authority`
/// takes a number that is too large for none.
fn has_port(authority: &Authority) -> bool {
    let text = authority.as_str();
    let (_, text) = text.rsplit_once('@').unwrap_or(("", text));
    match text.rsplit_once(':') {
        // Not a colon of an address in brackets.
        Some((_, port)) if !port.ends_with(']') => {
            port.is_empty() || authority.port_u16().is_some_and(|port| port > 0)
        }
        _ => true,
    }
}

/// How often a request is sent again that was not processed.
const SENT_AGAIN: usize = 3;
/// As many origins, and then those that have no connection are forgotten.
const REMEMBERED: usize = 32;
