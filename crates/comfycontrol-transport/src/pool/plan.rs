//! Which call gets which connection to one origin, and when one more is made: decisions, without
//! connections.

mod step;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

pub(super) use self::step::{CallId, ConnectionId, Limits, Protocol, Step};

/// What is decided about the connections to one origin.
///
/// As long as nobody knows which version of HTTP the server speaks, one connection is made, for which
/// all calls wait. Over HTTP/2 they share it, up to the server's limit of streams, then one more is made.
/// Over HTTP/1.1 each call has a connection of its own, of a bounded number.
#[derive(Debug)]
pub(super) struct Plan {
    limits: Limits,
    /// What the last connection spoke.
    protocol: Option<Protocol>,
    open: Vec<Open>,
    connecting: Vec<Connecting>,
    waiting: VecDeque<CallId>,
    next: u64,
    /// A connection could not be made, there is none, and the others that are being made are still to come.
    failing: bool,
}

#[derive(Debug)]
struct Open {
    id: ConnectionId,
    protocol: Protocol,
    /// Calls that have it.
    streams: usize,
    /// As many as the server allows; `None` as long as it has not said.
    limit: Option<usize>,
    /// Unread responses take most of its window.
    stalled: bool,
    since: Instant,
    /// When the last call gave it back.
    idle_since: Instant,
}

#[derive(Debug)]
struct Connecting {
    id: ConnectionId,
    call: CallId,
    /// What the server has said already.
    limit: Option<usize>,
}

impl Plan {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            protocol: None,
            open: Vec::new(),
            connecting: Vec::new(),
            waiting: VecDeque::new(),
            next: 0,
            failing: false,
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
    pub(super) fn wait(&mut self, now: Instant) -> (CallId, Vec<Step>) {
        let call = CallId(self.id());
        self.waiting.push_back(call);
        (call, self.proceed(now, true))
    }

    /// A call waits no longer. What is being made for it is left to the others.
    pub(super) fn leave(&mut self, call: CallId) {
        self.waiting.retain(|waiting| *waiting != call);
    }

    pub(super) fn opened(
        &mut self,
        id: ConnectionId,
        protocol: Protocol,
        now: Instant,
    ) -> Vec<Step> {
        let Some(at) = self.connecting.iter().position(|made| made.id == id) else {
            return Vec::new();
        };
        let made = self.connecting.remove(at);
        self.failing = false;
        self.protocol = Some(protocol);
        self.open.push(Open {
            id,
            protocol,
            streams: 0,
            limit: match protocol {
                Protocol::Http1 => Some(1),
                Protocol::Http2 => made.limit,
            },
            stalled: false,
            since: now,
            idle_since: now,
        });
        self.proceed(now, false)
    }

    /// A connection could not be made. Whoever has no other to wait for is told.
    pub(super) fn failed(&mut self, id: ConnectionId, now: Instant) -> Vec<Step> {
        let Some(at) = self.connecting.iter().position(|made| made.id == id) else {
            return Vec::new();
        };
        let call = self.connecting.remove(at).call;
        if self.open.is_empty() && self.connecting.is_empty() {
            self.failing = false;
            return self.waiting.drain(..).map(Step::Fail).collect();
        }
        self.failing = self.open.is_empty();
        let mut steps = Vec::new();
        if let Some(at) = self.waiting.iter().position(|waiting| *waiting == call) {
            self.waiting.remove(at);
            steps.push(Step::Fail(call));
        }
        steps.extend(self.proceed(now, true));
        steps
    }

    /// A call has given a connection back.
    pub(super) fn released(&mut self, id: ConnectionId, now: Instant) -> Vec<Step> {
        let Some(at) = self.open.iter().position(|open| open.id == id) else {
            return Vec::new();
        };
        let open = &mut self.open[at];
        open.streams = open.streams.saturating_sub(1);
        open.idle_since = now;
        if open.streams > 0 && self.waiting.is_empty() {
            return Vec::new();
        }
        let mut steps = self.proceed(now, true);
        let is_idle = |open: &Open| open.streams == 0;
        let idle = self.open.iter().filter(|open| is_idle(open)).count();
        let too_many = idle > self.limits.idle || self.is_old(&self.open[at], now);
        if is_idle(&self.open[at]) && too_many {
            self.open.remove(at);
            steps.push(Step::Close(id));
        }
        steps
    }

    /// The server allows so many streams at once.
    pub(super) fn limited(&mut self, id: ConnectionId, limit: usize, now: Instant) -> Vec<Step> {
        if let Some(made) = self.connecting.iter_mut().find(|made| made.id == id) {
            made.limit = Some(limit);
        }
        self.change(id, now, |open| open.limit = Some(limit))
    }

    /// Unread responses take most of the connection's window, or do so no longer.
    pub(super) fn stalled(&mut self, id: ConnectionId, stalled: bool, now: Instant) -> Vec<Step> {
        self.change(id, now, |open| open.stalled = stalled)
    }

    /// The connection takes no more calls, or has ended.
    pub(super) fn closed(&mut self, id: ConnectionId, now: Instant) -> Vec<Step> {
        let Some(at) = self.open.iter().position(|open| open.id == id) else {
            return Vec::new();
        };
        self.open.remove(at);
        let mut steps = vec![Step::Close(id)];
        steps.extend(self.proceed(now, false));
        steps
    }

    /// When to look at the connection's time again, or that its time is over.
    pub(super) fn expire(
        &mut self,
        id: ConnectionId,
        now: Instant,
    ) -> (Option<Instant>, Vec<Step>) {
        let Some(open) = self.open.iter().find(|open| open.id == id) else {
            return (None, Vec::new());
        };
        let idle_until = if open.streams == 0 {
            open.idle_since + self.limits.idle_time
        } else {
            now + self.limits.idle_time.max(Duration::from_secs(1))
        };
        let shared = open.protocol == Protocol::Http2;
        let is_old = self.is_old(open, now) && (shared || open.streams == 0);
        if idle_until <= now || is_old {
            return (None, self.closed(id, now));
        }
        let old_at = self.limits.age.map(|age| open.since + age);
        let next = old_at
            .filter(|at| *at > now)
            .map_or(idle_until, |at| at.min(idle_until));
        (Some(next), Vec::new())
    }

    fn change(&mut self, id: ConnectionId, now: Instant, f: impl FnOnce(&mut Open)) -> Vec<Step> {
        match self.open.iter_mut().find(|open| open.id == id) {
            Some(open) => f(open),
            None => return Vec::new(),
        }
        if self.waiting.is_empty() {
            return Vec::new();
        }
        self.proceed(now, true)
    }

    /// Grants what there is to those who wait, and makes connections for the others.
    fn proceed(&mut self, now: Instant, reused: bool) -> Vec<Step> {
        let mut steps = Vec::new();
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
            let id = ConnectionId(self.id());
            let call = self.waiting[self.connecting.len()];
            let limit = None;
            self.connecting.push(Connecting { id, call, limit });
            steps.push(Step::Connect(id));
        }
        steps
    }

    /// Whether one more connection is to be made.
    fn is_wanted(&self) -> bool {
        let at_once = match self.protocol {
            Some(Protocol::Http1) => usize::MAX,
            // The server's limit may be so high that no other is needed.
            Some(Protocol::Http2) if self.open.iter().any(|open| open.limit.is_none()) => 0,
            Some(Protocol::Http2) | None => 1,
        };
        let made = self.connecting.len();
        made < self.waiting.len().min(at_once)
            && made + self.open.len() < self.limits.connections
            && !(self.failing && made > 0)
    }

    /// A connection that has room. Of those that nobody uses it is the one that was used last, so that
    /// the others' time runs out.
    fn occupy(&mut self, now: Instant) -> Option<ConnectionId> {
        let has_room = |open: &Open| {
            open.streams < open.limit.unwrap_or(ASSUMED_STREAMS) && !self.is_old(open, now)
        };
        let cannot_connect = self.open.len() + self.connecting.len() >= self.limits.connections;
        let roomy = self
            .open
            .iter()
            .enumerate()
            .filter(|(_, open)| has_room(open));
        let (at, _) = roomy
            // Behind unread responses only where there is no other way.
            .filter(|(_, open)| !open.stalled || cannot_connect)
            .max_by_key(|(at, open)| {
                let shared = open.protocol == Protocol::Http2;
                let used = if shared { None } else { Some(open.idle_since) };
                (!open.stalled, used, usize::MAX - at)
            })?;
        let open = &mut self.open[at];
        open.streams += 1;
        Some(open.id)
    }

    fn is_old(&self, open: &Open, now: Instant) -> bool {
        self.limits.age.is_some_and(|age| open.since + age <= now)
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// How many streams a server takes that has not said it yet: the least that it should (RFC 9113 §6.5.2).
const ASSUMED_STREAMS: usize = 100;

#[cfg(test)]
mod tests;
