//! One connection that is open, as the plan sees it.

use std::time::Duration;

use tokio::time::Instant;

use super::step::{ConnectionId, Limits, Protocol};

#[derive(Debug)]
pub(super) struct Open {
    pub(super) id: ConnectionId,
    pub(super) protocol: Protocol,
    /// Calls that have it.
    streams: usize,
    /// As many as the server allows; `None` as long as it has not said.
    pub(super) limit: Option<usize>,
    /// Unread responses take most of its window.
    pub(super) stalled: bool,
    since: Instant,
    /// When the last call gave it back.
    idle_since: Instant,
}

impl Open {
    pub(super) fn new(
        id: ConnectionId,
        protocol: Protocol,
        limit: Option<usize>,
        now: Instant,
    ) -> Self {
        Self {
            id,
            protocol,
            streams: 0,
            limit,
            stalled: false,
            since: now,
            idle_since: now,
        }
    }

    /// A call takes it.
    pub(super) fn take(&mut self) -> ConnectionId {
        self.streams += 1;
        self.id
    }

    /// A call gives it back.
    pub(super) fn give_back(&mut self, now: Instant) {
        self.streams = self.streams.saturating_sub(1);
        self.idle_since = now;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.streams == 0
    }

    /// Whether it takes another call.
    pub(super) fn has_room(&self, limits: &Limits, now: Instant) -> bool {
        self.streams < self.limit.unwrap_or(ASSUMED_STREAMS) && !self.is_old(limits, now)
    }

    /// Whether the server has not said yet how many it takes.
    pub(super) fn may_have_room(&self) -> bool {
        self.limit.is_none() && !self.stalled
    }

    pub(super) fn is_old(&self, limits: &Limits, now: Instant) -> bool {
        limits.age.is_some_and(|age| self.since + age <= now)
    }

    /// How much better than others it is for a call. Of unused ones it is the one that
    /// was used last, so that the others' time runs out.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let shared = self.protocol == Protocol::Http2;
        (!self.stalled, (!shared).then_some(self.idle_since))
    }

    /// When to look at its time again; `None` if that is over.
    pub(super) fn look_again(&self, limits: &Limits, now: Instant) -> Option<Instant> {
        let idle_until = if self.is_idle() {
            self.idle_since + limits.idle_time
        } else {
            now + limits.idle_time.max(Duration::from_secs(1))
        };
        let shared = self.protocol == Protocol::Http2;
        let is_old = self.is_old(limits, now) && (shared || self.is_idle());
        if idle_until <= now || is_old {
            return None;
        }
        let old_at = limits.age.map(|age| self.since + age);
        let next = old_at.filter(|at| *at > now);
        Some(next.map_or(idle_until, |at| at.min(idle_until)))
    }
}

/// How many streams a server takes that has not said it yet: the least that it should (RFC 9113
/// §6.5.2).
const ASSUMED_STREAMS: usize = 100;
