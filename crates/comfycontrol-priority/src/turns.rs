//! Which call may go in: one at a time waits at the limiter, and the others wait here for their
//! turns. Pure: every event brings its `now`, and a waker that is to be woken is handed out, never
//! woken here.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

use comfycontrol_rate_limit::RejectedReason;
use tokio::time::Instant;

use crate::order::{Order, Position};
use crate::priority::Priority;

#[derive(Debug)]
pub(crate) struct Turns {
    order: Order<Waker>,
    /// The calls at the limiter, and since when. One, unless those before it do not come for their
    /// slots.
    inside: BTreeMap<u64, Instant>,
    bounds: Bounds,
    rejected: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) share: u32,
    pub(crate) queued: usize,
    pub(crate) queued_by_key: usize,
}

/// What a call may do.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    Inside,
    Waiting,
}

impl Turns {
    /// How long a call may be at the limiter before it is asked whether the call came for its slot.
    pub(crate) const LOOK_AFTER: Duration = Duration::from_secs(1);

    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            order: Order::new(bounds.share),
            inside: BTreeMap::new(),
            bounds,
            rejected: 0,
        }
    }

    /// A call comes. It goes in at once if no call is before it, else `waker` waits for its turn.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        priority: Priority,
        waker: &Waker,
    ) -> Result<(Position, Standing), RejectedReason> {
        if self.inside.is_empty() && self.order.len() == 0 {
            let position = self.order.next_position(priority);
            self.inside.insert(position.number(), now);
            return Ok((position, Standing::Inside));
        }
        if self.order.len() >= self.bounds.queued
            || self.bounds.queued_by_key < usize::MAX
                && self.order.len_of_key(priority.key()) >= self.bounds.queued_by_key
        {
            self.rejected += 1;
            return Err(RejectedReason::QueueFull);
        }
        let position = self.order.next_position(priority);
        self.order.push(&position, waker.clone());
        Ok((position, Standing::Waiting))
    }

    /// Looks after a call, for which `waker` waits from now on; the waker of before comes back.
    pub(crate) fn look(&mut self, position: &Position, waker: &Waker) -> (Standing, Option<Waker>) {
        match self.order.get_mut(position) {
            Some(known) if known.will_wake(waker) => (Standing::Waiting, None),
            Some(known) => {
                let before = std::mem::replace(known, waker.clone());
                (Standing::Waiting, Some(before))
            }
            None => (Standing::Inside, None),
        }
    }

    /// A call will not come, or its turn is over: whom to wake.
    pub(crate) fn leave(&mut self, now: Instant, position: &Position) -> Option<Waker> {
        match self.order.remove(position) {
            // To be dropped with nothing locked; to wake it does no harm.
            Some(waker) => Some(waker),
            None => self.depart(now, position.number()),
        }
    }

    /// A call has its slot: whom to wake.
    pub(crate) fn depart(&mut self, now: Instant, number: u64) -> Option<Waker> {
        self.inside.remove(&number)?;
        self.admit(now)
    }

    /// As [`leave`](Self::leave), since its time has passed.
    pub(crate) fn reject(&mut self, now: Instant, position: &Position) -> Option<Waker> {
        self.rejected += 1;
        self.leave(now, position)
    }

    /// Whether those at the limiter have been there for so long that it is time to ask why.
    pub(crate) fn is_slow(&self, now: Instant) -> bool {
        let mut since = self.inside.values();
        since.all(|since| now.saturating_duration_since(*since) >= Self::LOOK_AFTER)
    }

    /// Lets the next one in where no call is at the limiter, or none that comes for its slot.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<Waker> {
        if !self.is_slow(now) {
            return None;
        }
        let (number, waker) = self.order.pop()?;
        self.inside.insert(number, now);
        Some(waker)
    }

    pub(crate) fn order(&self) -> &Order<Waker> {
        &self.order
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.rejected
    }
}

#[cfg(test)]
mod tests;
