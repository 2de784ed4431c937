//! What a host knows of its connections, and who waits for one.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::home::Home;
use super::peer::Peer;
use super::plan::{CallId, ConnectionId, Plan};
use super::pooled::Pooled;
use super::returned::Returned;
use super::sender::Sender;

pub(super) struct State<B: 'static> {
    pub(super) plan: Plan,
    pub(super) open: Vec<Open<B>>,
    /// In the order in which they came, which is that of the plan.
    pub(super) waiting: VecDeque<(CallId, oneshot::Sender<Granted<B>>)>,
}

pub(super) struct Open<B> {
    pub(super) id: ConnectionId,
    /// `None` while a call has it, over HTTP/1.1.
    pub(super) sender: Option<Sender<B>>,
    pub(super) peer: Arc<Peer>,
    /// Over HTTP/1.1.
    pub(super) returned: Option<Arc<Returned<B>>>,
}

/// A connection, or why there is none.
pub(super) type Granted<B> = Result<Pooled<B>, Arc<dyn Error + Send + Sync>>;

impl<B: Send + 'static> State<B> {
    /// A connection that the plan has given, for one request.
    pub(super) fn checkout(
        &mut self,
        home: Arc<dyn Home<B>>,
        id: ConnectionId,
        reused: bool,
    ) -> Option<Pooled<B>> {
        let open = self.open.iter_mut().find(|open| open.id == id)?;
        let sender = match &open.sender {
            Some(Sender::Http2(sender)) => Some(Sender::Http2(sender.clone())),
            _ => open.sender.take(),
        };
        let peer = Arc::clone(&open.peer);
        Some(Pooled::new(home, id, sender?, peer, reused))
    }

    pub(super) fn has_ended(&self, id: ConnectionId) -> bool {
        let open = self.open.iter().find(|open| open.id == id);
        let sender = open.and_then(|open| open.sender.as_ref());
        sender.is_none_or(Sender::is_closed)
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Open<B>> {
        let at = self.open.iter().position(|open| open.id == id)?;
        Some(self.open.swap_remove(at))
    }
}

impl<B: 'static> State<B> {
    /// How a call that waits is told. Mostly it is the first.
    pub(super) fn take_waiting(&mut self, call: CallId) -> Option<oneshot::Sender<Granted<B>>> {
        let at = match self.waiting.front() {
            Some((first, _)) if *first == call => 0,
            _ => self
                .waiting
                .binary_search_by_key(&call, |(id, _)| *id)
                .ok()?,
        };
        self.waiting.remove(at).map(|(_, grant)| grant)
    }
}
