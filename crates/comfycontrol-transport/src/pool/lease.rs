//! What a call has of a connection, and gives back in any case.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::Connected;

use super::home::{Home, Release};
use super::plan::ConnectionId;
use super::sender::{self, Sender};
use crate::TransportError;

/// A connection for one request.
pub(super) struct Lease<B: 'static> {
    pub(super) home: Arc<dyn Home<B>>,
    pub(super) id: ConnectionId,
    /// `None` when it has been given back.
    pub(super) sender: Option<Sender<B>>,
    pub(super) connected: Arc<Connected>,
    /// Whether others have had it before.
    pub(super) reused: bool,
}

/// A body, and what it has of its connection.
pub(crate) type Received = (Incoming, Option<HeldStream>);

/// Why there is no response.
pub(super) enum NotSent<B> {
    /// Not a byte was sent, and another connection may do better.
    Again(Request<B>),
    Failed(TransportError),
}

impl<B> Lease<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<comfycontrol_core::BoxError>,
{
    pub(super) async fn send(
        mut self,
        mut req: Request<B>,
    ) -> Result<Response<Received>, NotSent<B>> {
        let mut original = None;
        let sent = match &mut self.sender {
            Some(Sender::Http1(sender)) => {
                let changed = sender::for_http1(&mut req, &self.connected);
                original = Some(changed.map_err(|e| NotSent::Failed(TransportError::new(e)))?);
                sender.try_send_request(req).await
            }
            Some(Sender::Http2(sender)) => sender.try_send_request(req).await,
            None => return Err(NotSent::Again(req)),
        };
        match sent {
            Ok(mut res) => {
                self.connected.get_extras(res.extensions_mut());
                Ok(res.map(|body| self.body(body)))
            }
            Err(mut failed) => match failed.take_message() {
                Some(mut req) => {
                    self.home.closed(self.id);
                    if !self.reused {
                        let error = TransportError::new(failed.into_error());
                        return Err(NotSent::Failed(error));
                    }
                    if let Some(original) = original {
                        original.restore(&mut req);
                    }
                    Err(NotSent::Again(req))
                }
                None => Err(NotSent::Failed(TransportError::new(failed.into_error()))),
            },
        }
    }

    /// The body, which over HTTP/2 holds its stream until it ends.
    fn body(mut self, body: Incoming) -> Received {
        let mut held = None;
        if matches!(self.sender, Some(Sender::Http2(_))) && !body.is_end_stream() {
            self.sender = None;
            let home: Arc<dyn Release> = Arc::<dyn Home<B>>::clone(&self.home);
            held = Some(HeldStream { home, id: self.id });
        }
        (body, held)
    }
}

impl<B: 'static> Drop for Lease<B> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            self.home.give_back(self.id, sender);
        }
    }
}

/// A stream of an HTTP/2 connection, until it is dropped.
pub(crate) struct HeldStream {
    home: Arc<dyn Release>,
    id: ConnectionId,
}

impl Drop for HeldStream {
    fn drop(&mut self) {
        self.home.release(self.id);
    }
}

impl fmt::Debug for HeldStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldStream").field(&self.id).finish()
    }
}
