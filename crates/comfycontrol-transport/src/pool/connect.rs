//! Makes a connection, and carries what goes over it: a task for each, and one for its time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http::Uri;
use http_body::Body;
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioTimer;
use tokio::task::JoinSet;
use tower::ServiceExt;
use tower_service::Service;

use super::executor::BoxingExecutor;
use super::home::Home;
use super::plan::ConnectionId;
use super::returned::{Given, Returned};
use super::sender::Sender;
use super::settings::PoolSettings;
use super::upload::Written;
use crate::error::{ConnectFailed, TransportErrorKind};
use crate::head::MAX_HEAD_OF_H2;
use crate::informational::bounded;
use crate::watched::{Observe, watched};

/// Makes connections for a host.
pub(super) trait Connect<B: 'static>: Send + Sync {
    /// A connection, from its first byte to its end.
    fn connect(
        &self,
        home: Weak<dyn Home<B>>,
        id: ConnectionId,
        to: Uri,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Speaks HTTP over what a connector returns.
pub(super) struct Http<C> {
    pub(super) connector: C,
    pub(super) settings: PoolSettings,
    /// The time for a connection.
    pub(super) timeout: Duration,
}

impl<C, B> Connect<B> for Http<C>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    fn connect(
        &self,
        home: Weak<dyn Home<B>>,
        id: ConnectionId,
        to: Uri,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let connecting = self.connector.clone().oneshot(to);
        let (settings, timeout) = (self.settings.clone(), self.timeout);
        // Here already: a task may be dropped before it has begun.
        let place = Place::new(home, id);
        Box::pin(async move {
            let connected = match tokio::time::timeout(timeout, connecting).await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => Err(ConnectFailed::new(TransportErrorKind::ConnectTimedOut).into()),
            };
            match connected {
                Ok(stream) => {
                    let connected = stream.connected();
                    if connected.is_negotiated_h2() {
                        http2(place, stream, connected, &settings).await;
                    } else {
                        http1(place, stream, connected).await;
                    }
                }
                Err(cause) => place.failed(cause),
            }
        })
    }
}

async fn http2<S, B>(mut place: Place<B>, stream: S, connected: Connected, settings: &PoolSettings)
where
    S: Connection + Read + Write + Send + Unpin + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    // A task of hyper's for each request has room for the connection: as little as can be.
    let stream = Box::new(stream);
    let stream = watched(stream, settings.window(), place.observer());
    let shaken = http2::Builder::new(BoxingExecutor)
        .timer(TokioTimer::new())
        .initial_connection_window_size(settings.window())
        .initial_stream_window_size(settings.stream_window())
        .keep_alive_interval(settings.ping_every)
        .keep_alive_timeout(settings.ping_timeout)
        .max_header_list_size(MAX_HEAD_OF_H2)
        .handshake(stream)
        .await;
    let (sender, connection) = match shaken {
        Ok(shaken) => shaken,
        Err(e) => return place.failed(e.into()),
    };
    place.opened(Sender::Http2(sender), connected, None);
    let _expiry = place.expiry();
    connection.await.unwrap_or_default();
}

async fn http1<S, B>(mut place: Place<B>, stream: S, connected: Connected)
where
    S: Connection + Read + Write + Send + Unpin + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let written = Written::default();
    let stream = bounded(stream, written.clone());
    let (mut sender, connection) = match http1::handshake(stream).await {
        Ok(shaken) => shaken,
        Err(e) => return place.failed(e.into()),
    };
    let mut connection = pin!(connection.with_upgrades());
    // A sender that is used before the connection has asked for a request seems ready for another
    // while the first response is still read.
    let asked = poll_fn(|cx| match connection.as_mut().poll(cx) {
        Poll::Ready(_) => Poll::Ready(false),
        Poll::Pending => sender.poll_ready(cx).map(|ready| ready.is_ok()),
    });
    if !asked.await {
        return; // which tells those who wait
    }
    let returned = Arc::new(Returned::new());
    place.opened(
        Sender::Http1(sender),
        connected,
        Some(Arc::clone(&returned)),
    );
    let _expiry = place.expiry();
    let mut given = None;
    poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let next = |cx: &Context<'_>| {
            let Given { sender, over } = returned.take(cx)?;
            let upload = over.map(|over| Box::pin(written.clone().stopped(over)));
            Some((sender, upload))
        };
        while let Some((mut sender, mut upload)) = given.take().or_else(|| next(cx)) {
            match sender.poll_ready(cx) {
                Poll::Ready(Ok(())) if !written.is_held_up() => place.returned(sender),
                Poll::Ready(Err(_)) => {}
                _ => {
                    let stopped = upload.as_mut().map(|upload| upload.as_mut().poll(cx));
                    given = Some((sender, upload));
                    return stopped.unwrap_or(Poll::Pending);
                }
            }
        }
        Poll::Pending
    })
    .await;
}

/// A connection's place in the pool: whatever becomes of its task, the pool is told.
struct Place<B: 'static> {
    home: Weak<dyn Home<B>>,
    id: ConnectionId,
    is_open: bool,
}

impl<B: 'static> Place<B> {
    fn new(home: Weak<dyn Home<B>>, id: ConnectionId) -> Self {
        Self {
            home,
            id,
            is_open: false,
        }
    }

    fn observer(&self) -> Observer<B> {
        Observer {
            home: Weak::clone(&self.home),
            id: self.id,
        }
    }

    fn failed(self, cause: BoxError) {
        if let Some(home) = self.home.upgrade() {
            home.failed(self.id, cause);
        }
    }

    fn opened(
        &mut self,
        sender: Sender<B>,
        connected: Connected,
        returned: Option<Arc<Returned<B>>>,
    ) {
        self.is_open = true;
        if let Some(home) = self.home.upgrade() {
            home.opened(self.id, sender, connected, returned);
        }
    }

    fn returned(&self, sender: http1::SendRequest<B>) {
        if let Some(home) = self.home.upgrade() {
            home.returned(self.id, sender);
        }
    }

    /// Looks at the connection's time whenever that is due, until dropped. A task of its own: in
    /// that of the connection its timer would be looked at for each request.
    fn expiry(&self) -> JoinSet<()> {
        let (home, id) = (Weak::clone(&self.home), self.id);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some(next) = home.upgrade().and_then(|home| home.expire(id)) {
                tokio::time::sleep_until(next).await;
            }
        });
        task
    }
}

impl<B: 'static> Drop for Place<B> {
    fn drop(&mut self) {
        let Some(home) = self.home.upgrade() else {
            return;
        };
        if self.is_open {
            home.closed(self.id);
        } else {
            // Unless that was told already.
            let ended = ConnectFailed::new(TransportErrorKind::Reset);
            home.failed(self.id, ended.into());
        }
    }
}

/// Tells the plan what is seen of a connection.
struct Observer<B: 'static> {
    home: Weak<dyn Home<B>>,
    id: ConnectionId,
}

impl<B: 'static> Observe for Observer<B> {
    fn limited(&self, streams: usize) {
        if let Some(home) = self.home.upgrade() {
            home.limited(self.id, streams);
        }
    }

    fn stalled(&self, stalled: bool) {
        if let Some(home) = self.home.upgrade() {
            home.stalled(self.id, stalled);
        }
    }

    fn leaving(&self) {
        if let Some(home) = self.home.upgrade() {
            home.closed(self.id);
        }
    }
}
