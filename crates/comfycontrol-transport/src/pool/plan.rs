//! Which call gets which connection to one origin, and when one more is made: decisions, without
//! connections.

mod open;
mod pause;
mod step;

use std::collections::VecDeque;

use smallvec::smallvec;
use tokio::time::Instant;

use self::open::Open;
use self::pause::Pause;

pub(super) use self::step::{CallId, ConnectionId, Limits, Protocol, Step, Steps};

/// What is decided about the connections to one origin.
///
/// As long as it is not known which version of HTTP the server speaks, one connection is made, for
/// which all calls wait. Over HTTP/2 they share it, up to the server's limit of streams, then one
/// more is made. Over HTTP/1.1 each call has a connection of its own, of a bounded number. If one
/// cannot be made, those who wait are served by the others, and the next is made after a pause; if
/// there is no other, they are told why.
#[derive(Debug)]
pub(super) struct Plan {
    limits: Limits,
    /// What the last connection spoke.
    protocol: Option<Protocol>,
    /// As many streams as the server has allowed the last time.
    streams: Option<usize>,
    open: Vec<Open>,
    connecting: Vec<ConnectionId>,
    waiting: VecDeque<CallId>,
    next: u64,
    pause: Pause,
}

impl Plan {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            protocol: None,
            streams: None,
            open: Vec::new(),
            connecting: Vec::new(),
            waiting: VecDeque::new(),
            next: 0,
            pause: Pause::default(),
        }
    }

    /// Whether there is nothing to decide about.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.connecting.is_empty() && self.waiting.is_empty()
    }

    /// A call takes a connection that has room, unless others wait for one.
    pub(super) fn take(&mut self, now: Instant) -> Option<ConnectionId> {
        if !self.waiting.is_empty() {
            return None;
        }
        self.occupy(now)
    }

    /// A call waits for a connection.
    pub(super) fn wait(&mut self, now: Instant) -> (CallId, Steps) {
        let call = CallId(self.id());
        self.waiting.push_back(call);
        (call, self.proceed(now, true))
    }

    /// A call waits no longer. What is being made for it is left to the others.
    pub(super) fn leave(&mut self, call: CallId) {
        self.waiting.retain(|waiting| *waiting != call);
    }

    pub(super) fn opened(&mut self, id: ConnectionId, protocol: Protocol, now: Instant) -> Steps {
        if !self.is_made(id) {
            return Steps::new();
        }
        self.pause = Pause::default();
        self.protocol = Some(protocol);
        let limit = match protocol {
            Protocol::Http1 => Some(1),
            Protocol::Http2 => self.streams,
        };
        self.open.push(Open::new(id, protocol, limit, now));
        self.proceed(now, false)
    }

    /// A connection could not be made. Calls that have no other to wait for are told.
    pub(super) fn failed(&mut self, id: ConnectionId, now: Instant) -> Steps {
        if !self.is_made(id) {
            return Steps::new();
        }
        if self.open.is_empty() && self.connecting.is_empty() {
            self.pause = Pause::default();
            return self.waiting.drain(..).map(Step::Fail).collect();
        }
        self.pause.failed(now);
        self.proceed(now, true)
    }

    /// A pause is over.
    pub(super) fn resume(&mut self, now: Instant) -> Steps {
        self.proceed(now, true)
    }

    /// A call has given a connection back.
    pub(super) fn released(&mut self, id: ConnectionId, now: Instant) -> Steps {
        let Some(at) = self.open.iter().position(|open| open.id == id) else {
            return Steps::new();
        };
        self.open[at].give_back(now);
        if !self.open[at].is_idle() && self.waiting.is_empty() {
            return Steps::new();
        }
        let mut steps = self.proceed(now, true);
        let open = &self.open[at];
        let idle = || self.open.iter().filter(|open| open.is_idle()).count();
        if open.is_idle() && (idle() > self.limits.idle || open.is_old(&self.limits, now)) {
            self.open.remove(at);
            steps.push(Step::Close(id));
        }
        steps
    }

    /// The server allows so many streams at once.
    pub(super) fn limited(&mut self, id: ConnectionId, limit: usize, now: Instant) -> Steps {
        // None at all is for a while (RFC 9113 §6.5.2).
        self.streams = Some(limit).filter(|limit| *limit > 0);
        self.change(id, now, |open| open.limit = Some(limit))
    }

    /// Unread responses take most of the connection's window, or do so no longer.
    pub(super) fn stalled(&mut self, id: ConnectionId, stalled: bool, now: Instant) -> Steps {
        self.change(id, now, |open| open.stalled = stalled)
    }

    /// The connection takes no more calls, or has ended.
    pub(super) fn closed(&mut self, id: ConnectionId, now: Instant) -> Steps {
        let Some(at) = self.open.iter().position(|open| open.id == id) else {
            return Steps::new();
        };
        self.open.remove(at);
        let mut steps = smallvec![Step::Close(id)];
        steps.extend(self.proceed(now, false));
        steps
    }

    /// When to look at the connection's time again, or that its time is over.
    pub(super) fn expire(&mut self, id: ConnectionId, now: Instant) -> (Option<Instant>, Steps) {
        let Some(open) = self.open.iter().find(|open| open.id == id) else {
            return (None, Steps::new());
        };
        match open.look_again(&self.limits, now) {
            Some(next) => (Some(next), Steps::new()),
            None => (None, self.closed(id, now)),
        }
    }

    fn change(&mut self, id: ConnectionId, now: Instant, f: impl FnOnce(&mut Open)) -> Steps {
        match self.open.iter_mut().find(|open| open.id == id) {
            Some(open) => f(open),
            None => return Steps::new(),
        }
        self.proceed(now, true)
    }

    /// Grants what there is to those who wait, and makes connections for the others.
    fn proceed(&mut self, now: Instant, reused: bool) -> Steps {
        let mut steps = Steps::new();
        while let Some(&call) = self.waiting.front() {
            let Some(connection) = self.occupy(now) else {
                break;
            };
            self.waiting.pop_front();
            steps.push(Step::Grant {
                call,
                connection,
                reused,
            });
        }
        while self.is_wanted() {
            if !self.may_connect(now) {
                steps.extend(self.pause.tell(now).map(Step::Wake));
                break;
            }
            let id = ConnectionId(self.id());
            self.connecting.push(id);
            steps.push(Step::Connect(id));
        }
        steps
    }

    /// Whether one more connection would serve those who wait.
    fn is_wanted(&self) -> bool {
        let at_once = match self.protocol {
            Some(Protocol::Http1) => usize::MAX,
            // The server's limit may be so high that no other is needed.
            Some(Protocol::Http2) if self.open.iter().any(Open::may_have_room) => 0,
            Some(Protocol::Http2) | None => 1,
        };
        let made = self.connecting.len();
        made < self.waiting.len().min(at_once) && made + self.open.len() < self.limits.connections
    }

    /// Whether one more may be made now: at any time where there is none.
    fn may_connect(&self, now: Instant) -> bool {
        self.pause.is_over(now) || (self.open.is_empty() && self.connecting.is_empty())
    }

    /// The best connection that has room.
    fn occupy(&mut self, now: Instant) -> Option<ConnectionId> {
        // Behind unread responses only where no other is made, nor can be.
        let is_last_way = self.connecting.is_empty()
            && (self.open.len() >= self.limits.connections || !self.may_connect(now));
        let roomy =
            self.open.iter_mut().enumerate().filter(|(_, open)| {
                open.has_room(&self.limits, now) && (!open.stalled || is_last_way)
            });
        let (_, best) = roomy.max_by_key(|(at, open)| (open.rank(), usize::MAX - at))?;
        Some(best.take())
    }

    /// Whether a connection was being made, which is over.
    fn is_made(&mut self, id: ConnectionId) -> bool {
        let at = self.connecting.iter().position(|made| *made == id);
        at.map(|at| self.connecting.remove(at)).is_some()
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
mod tests;
