//! What a call has of a connection, and gives back in any case.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http_body::Body;
use hyper::body::Incoming;
use tokio::sync::oneshot;

use super::home::{Home, Release};
use super::outgoing::{self, BoxRequest, Outgoing};
use super::peer::Peer;
use super::plan::ConnectionId;
use super::sender::{self, Sender};
use crate::TransportError;

/// A connection for one request.
pub(super) struct Pooled<B: 'static> {
    pub(super) home: Arc<dyn Home<B>>,
    pub(super) id: ConnectionId,
    /// `None` when it has been given back.
    pub(super) sender: Option<Sender<B>>,
    pub(super) peer: Arc<Peer>,
    /// Whether others have had it before.
    pub(super) reused: bool,
    /// Ends when the response to an upload over HTTP/1.1 is over.
    over: Option<oneshot::Receiver<()>>,
}

/// What a body becomes, together with what it has of its connection.
pub(crate) trait Received {
    fn received(body: Incoming, held: Option<Held>) -> Self;
}

/// Why there is no response.
pub(super) enum NotSent<B> {
    /// Not a byte was sent: a connection that others had had before has ended meanwhile.
    Stale(BoxRequest<B>),
    /// The server has not processed it, for this reason.
    Unprocessed(BoxRequest<B>, TransportError),
    Failed(TransportError),
}

impl<B: 'static> Pooled<B> {
    pub(super) fn new(
        home: Arc<dyn Home<B>>,
        id: ConnectionId,
        sender: Sender<B>,
        peer: Arc<Peer>,
        reused: bool,
    ) -> Self {
        Self {
            home,
            id,
            sender: Some(sender),
            peer,
            reused,
            over: None,
        }
    }
}

impl<B> Pooled<Outgoing<B>>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<comfycontrol_core::BoxError>,
{
    pub(super) async fn send<R: Received>(
        mut self,
        mut req: BoxRequest<B>,
    ) -> Result<Response<R>, NotSent<B>> {
        let mut original = None;
        let mut copy = None;
        let mut held = None;
        let sent = match &mut self.sender {
            Some(Sender::Http1(sender)) => {
                let changed = sender::for_http1(&mut req, &self.peer);
                original = Some(changed.map_err(|e| NotSent::Failed(TransportError::new(e)))?);
                if !req.body().is_end_stream() {
                    let (response, over) = oneshot::channel();
                    self.over = Some(over);
                    held = Some(Held::Response(response));
                }
                sender.try_send_request(*req).await
            }
            Some(Sender::Http2(sender)) => {
                poll_fn(|cx| req.body_mut().begin(cx)).await;
                copy = outgoing::copy(&req);
                sender.try_send_request(*req).await
            }
            None => return Err(NotSent::Stale(req)),
        };
        let mut failed = match sent {
            Ok(mut res) => {
                self.peer.connected.get_extras(res.extensions_mut());
                return Ok(res.map(|body| {
                    let held = self.holding(&body, held);
                    R::received(body, held)
                }));
            }
            Err(failed) => failed,
        };
        let returned = failed.take_message();
        let error = TransportError::new(failed.into_error());
        match returned {
            Some(mut req) => {
                self.home.closed(self.id);
                if let Some(original) = original {
                    original.restore(&mut req);
                }
                let req = Box::new(req);
                Err(if self.reused {
                    NotSent::Stale(req)
                } else {
                    NotSent::Unprocessed(req, error)
                })
            }
            None => Err(match copy.filter(|_| error.is_unprocessed()) {
                Some(copy) => NotSent::Unprocessed(copy, error),
                None => NotSent::Failed(error),
            }),
        }
    }

    /// What the body holds, which over HTTP/2 is its stream until it ends.
    fn holding(mut self, body: &Incoming, held: Option<Held>) -> Option<Held> {
        if matches!(self.sender, Some(Sender::Http2(_))) && !body.is_end_stream() {
            self.sender = None;
            let home: Arc<dyn Release> = Arc::<dyn Home<Outgoing<B>>>::clone(&self.home);
            let id = self.id;
            return Some(Held::Stream(HeldStream { home, id }));
        }
        held
    }
}

impl<B: 'static> Drop for Pooled<B> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            self.home.give_back(self.id, sender, self.over.take());
        }
    }
}

/// What a response has of its connection, until it is over.
pub(crate) enum Held {
    /// Tells an HTTP/1.1 connection whose body is not read any more.
    Response(#[expect(dead_code, reason = "it is dropped")] oneshot::Sender<()>),
    Stream(#[expect(dead_code, reason = "it is dropped")] HeldStream),
}

/// A stream of an HTTP/2 connection.
pub(crate) struct HeldStream {
    home: Arc<dyn Release>,
    id: ConnectionId,
}

impl Drop for HeldStream {
    fn drop(&mut self) {
        self.home.release(self.id);
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Response(_) => "Response",
            Self::Stream(_) => "Stream",
        })
    }
}
