//! Whom a connection belongs to, as its task and its calls see it.

use std::sync::Arc;

use comfycontrol_core::BoxError;
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::Connected;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::plan::ConnectionId;
use super::returned::Returned;
use super::sender::Sender;

/// Who is told of a stream that has ended.
pub(super) trait Release: Send + Sync {
    fn release(&self, id: ConnectionId);
}

/// Who is told what becomes of connections.
pub(super) trait Home<B>: Release {
    fn opened(
        &self,
        id: ConnectionId,
        sender: Sender<B>,
        connected: Connected,
        returned: Option<Arc<Returned<B>>>,
    );

    /// It could not be made.
    fn failed(&self, id: ConnectionId, cause: BoxError);

    /// It takes no more calls, or has ended.
    fn closed(&self, id: ConnectionId);

    /// A sender comes back from a call, over HTTP/1.1 with what the call has left on the
    /// connection, and what ends when the response to its upload is over.
    fn give_back(&self, id: ConnectionId, sender: Sender<B>, over: Option<oneshot::Receiver<()>>);

    /// An HTTP/1.1 connection is ready for the next call.
    fn returned(&self, id: ConnectionId, sender: http1::SendRequest<B>);

    /// When to look at the connection's time again; `None` if it is over.
    fn expire(&self, id: ConnectionId) -> Option<Instant>;

    /// The server allows so many streams at once.
    fn limited(&self, id: ConnectionId, streams: usize);

    /// Unread responses take most of the connection's window, or do so no longer.
    fn stalled(&self, id: ConnectionId, stalled: bool);
}
