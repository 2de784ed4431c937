//! The connections to one origin, on one runtime.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use comfycontrol_core::BoxError;
use http::Uri;
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::Connected;
use smallvec::SmallVec;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::connect::Connect;
use super::home::{Home, Release};
use super::peer::Peer;
use super::plan::{CallId, ConnectionId, Limits, Plan, Protocol, Step, Steps};
use super::pooled::Pooled;
use super::returned::{Given, Returned};
use super::sender::Sender;
use super::state::{Granted, Open, State};
use crate::TransportError;

/// Does what the plan decides.
pub(super) struct Host<B: 'static> {
    me: Weak<Self>,
    uri: Uri,
    runtime: Handle,
    connect: Arc<dyn Connect<B>>,
    state: Mutex<State<B>>,
}

/// What is to be done without the lock.
enum Deed<B: 'static> {
    Tell(oneshot::Sender<Granted<B>>, Granted<B>),
    Connect(ConnectionId),
    Wake(Instant),
    LetGo(Open<B>),
    GiveBack(Pooled<B>),
}

impl<B: Send + 'static> Host<B> {
    pub(super) fn new(
        uri: Uri,
        runtime: Handle,
        connect: Arc<dyn Connect<B>>,
        limits: Limits,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            uri,
            runtime,
            connect,
            state: Mutex::new(State {
                plan: Plan::new(limits),
                open: Vec::new(),
                waiting: VecDeque::new(),
            }),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().plan.is_empty()
    }

    /// A connection for one call, as soon as there is one.
    pub(super) async fn checkout(self: &Arc<Self>) -> Result<Pooled<B>, TransportError> {
        let mut waiting = match self.take_or_wait() {
            Ok(pooled) => return Ok(pooled),
            Err(waiting) => waiting,
        };
        let granted = (&mut waiting.granted).await;
        waiting.is_over = true;
        match granted {
            Ok(Ok(pooled)) => Ok(pooled),
            Ok(Err(cause)) => Err(TransportError::unconnected(cause)),
            // Told in any case.
            Err(e) => Err(TransportError::unconnected(Arc::new(e))),
        }
    }

    fn take_or_wait(self: &Arc<Self>) -> Result<Pooled<B>, Waiting<B>> {
        let now = now();
        let mut state = self.state();
        let mut steps = Steps::new();
        while let Some(id) = state.plan.take(now) {
            if !state.has_ended(id)
                && let Some(pooled) = state.checkout(Arc::<Self>::clone(self), id, true)
            {
                self.unlock(state, steps, None);
                return Ok(pooled);
            }
            // It was not said yet.
            steps.extend(state.plan.closed(id, now));
        }
        let (call, more) = state.plan.wait(now);
        steps.extend(more);
        let (grant, granted) = oneshot::channel();
        state.waiting.push_back((call, grant));
        self.unlock(state, steps, None);
        Err(Waiting {
            host: Arc::clone(self),
            call,
            granted,
            is_over: false,
        })
    }

    fn decide(&self, f: impl FnOnce(&mut Plan, Instant) -> Steps) {
        let mut state = self.state();
        let steps = f(&mut state.plan, now());
        self.unlock(state, steps, None);
    }

    /// Does what was decided, the more part of it without the lock: what is dropped and woken may
    /// come back here.
    fn unlock(
        &self,
        mut state: MutexGuard<'_, State<B>>,
        steps: Steps,
        cause: Option<Arc<dyn Error + Send + Sync>>,
    ) {
        if steps.is_empty() {
            return;
        }
        // For one that is going away no call waits.
        let Some(me) = self.me.upgrade() else {
            return;
        };
        let mut deeds = SmallVec::<[Deed<B>; 1]>::new();
        for step in steps {
            let deed = match (step, &cause) {
                (
                    Step::Grant {
                        call,
                        connection,
                        reused,
                    },
                    _,
                ) => {
                    let pooled = state.checkout(Arc::<Self>::clone(&me), connection, reused);
                    let waiting = state.take_waiting(call);
                    pooled.map(|pooled| match waiting {
                        Some(waiting) => Deed::Tell(waiting, Ok(pooled)),
                        None => Deed::GiveBack(pooled),
                    })
                }
                (Step::Fail(call), Some(cause)) => {
                    let waiting = state.take_waiting(call);
                    waiting.map(|waiting| Deed::Tell(waiting, Err(Arc::clone(cause))))
                }
                (Step::Fail(_), None) => None,
                (Step::Connect(id), _) => Some(Deed::Connect(id)),
                (Step::Wake(at), _) => Some(Deed::Wake(at)),
                (Step::Close(id), _) => state.remove(id).map(Deed::LetGo),
            };
            deeds.extend(deed);
        }
        drop(state);
        for deed in deeds {
            match deed {
                // One who has gone gives it back.
                Deed::Tell(waiting, granted) => drop(waiting.send(granted)),
                Deed::Connect(id) => {
                    let home: Weak<dyn Home<B>> = Weak::<Self>::clone(&self.me);
                    let connecting = self.connect.connect(home, id, self.uri.clone());
                    drop(self.runtime.spawn(connecting));
                }
                Deed::Wake(at) => {
                    let host = Weak::clone(&self.me);
                    drop(self.runtime.spawn(async move {
                        tokio::time::sleep_until(at).await;
                        if let Some(host) = host.upgrade() {
                            host.decide(Plan::resume);
                        }
                    }));
                }
                Deed::LetGo(open) => drop(open),
                Deed::GiveBack(pooled) => drop(pooled),
            }
        }
    }
}

impl<B: 'static> Host<B> {
    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Send + 'static> Release for Host<B> {
    fn release(&self, id: ConnectionId) {
        self.decide(|plan, now| plan.released(id, now));
    }
}

impl<B: Send + 'static> Home<B> for Host<B> {
    fn opened(
        &self,
        id: ConnectionId,
        sender: Sender<B>,
        connected: Connected,
        returned: Option<Arc<Returned<B>>>,
    ) {
        let protocol = match &sender {
            Sender::Http1(_) => Protocol::Http1,
            Sender::Http2(_) => Protocol::Http2,
        };
        let mut state = self.state();
        state.open.push(Open {
            id,
            sender: Some(sender),
            peer: Arc::new(Peer::new(connected, &self.uri)),
            returned,
        });
        let steps = state.plan.opened(id, protocol, now());
        self.unlock(state, steps, None);
    }

    fn failed(&self, id: ConnectionId, cause: BoxError) {
        let mut state = self.state();
        let steps = state.plan.failed(id, now());
        self.unlock(state, steps, Some(cause.into()));
    }

    fn closed(&self, id: ConnectionId) {
        self.decide(|plan, now| plan.closed(id, now));
    }

    fn give_back(&self, id: ConnectionId, sender: Sender<B>, over: Option<oneshot::Receiver<()>>) {
        match sender {
            Sender::Http1(sender) if over.is_none() && sender.is_ready() => {
                self.returned(id, sender);
            }
            Sender::Http1(sender) => {
                let state = self.state();
                let open = state.open.iter().find(|open| open.id == id);
                let returned = open.and_then(|open| open.returned.clone());
                drop(state);
                if let Some(returned) = returned {
                    returned.put(Given { sender, over });
                }
            }
            Sender::Http2(_) => self.decide(|plan, now| plan.released(id, now)),
        }
    }

    fn returned(&self, id: ConnectionId, sender: http1::SendRequest<B>) {
        let mut state = self.state();
        if let Some(open) = state.open.iter_mut().find(|open| open.id == id) {
            open.sender = Some(Sender::Http1(sender));
        }
        let steps = state.plan.released(id, now());
        self.unlock(state, steps, None);
    }

    fn expire(&self, id: ConnectionId) -> Option<Instant> {
        let mut state = self.state();
        let (next, steps) = state.plan.expire(id, now());
        self.unlock(state, steps, None);
        next
    }

    fn limited(&self, id: ConnectionId, streams: usize) {
        self.decide(|plan, now| plan.limited(id, streams, now));
    }

    fn stalled(&self, id: ConnectionId, stalled: bool) {
        self.decide(|plan, now| plan.stalled(id, stalled, now));
    }
}

/// A call's place in the queue.
struct Waiting<B: 'static> {
    host: Arc<Host<B>>,
    call: CallId,
    granted: oneshot::Receiver<Granted<B>>,
    is_over: bool,
}

impl<B> Drop for Waiting<B> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = self.host.state();
        state.plan.leave(self.call);
        let left = state.take_waiting(self.call);
        drop(state);
        drop(left);
    }
}

#[expect(clippy::disallowed_methods, reason = "the shell of the plan")]
fn now() -> Instant {
    Instant::now()
}
