//! The position of one call, given up when it is dropped.

use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use comfycontrol_core::Deadline;
use comfycontrol_rate_limit::{Rejected, RejectedReason};
use http::Extensions;
use tokio::time::Instant;

use crate::clock::{self, Alarm};
use crate::depart::Depart;
use crate::order::Position;
use crate::priority::Priority;
use crate::shared::Shared;
use crate::turns::{Standing, Turns};

#[derive(Debug)]
pub(crate) struct Turn {
    shared: Arc<Shared>,
    position: Option<Position>,
    /// Only for a call that waits.
    alarm: Option<Alarm>,
    /// How long until it looks next whether those before it come for their slots.
    interval: Duration,
}

impl Turn {
    /// The longest time between two looks.
    const MAX_INTERVAL: Duration = Duration::from_secs(4);

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            position: None,
            alarm: None,
            interval: Turns::LOOK_AFTER,
        }
    }

    /// Waits until the call may go in.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with time enabled.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        extensions: &Extensions,
    ) -> Poll<Result<(), Rejected>> {
        if self.stand(cx.waker(), extensions)? == Standing::Inside {
            return Poll::Ready(Ok(()));
        }
        let deadline = extensions.get().map(|Deadline(at)| *at);
        loop {
            let now = clock::now();
            if deadline.is_some_and(|at| at <= now) {
                return Poll::Ready(Err(self.reject(now)));
            }
            let next = now + self.interval;
            let at = deadline.map_or(next, |deadline| deadline.min(next));
            let alarm = self.alarm.get_or_insert_with(|| Alarm::new(at));
            ready!(alarm.poll(cx));
            // Made again with the next instant.
            self.alarm = None;
            // May wake this very task.
            self.shared.overtake_idle();
            self.interval = Self::MAX_INTERVAL.min(self.interval * 2);
        }
    }

    /// Arrives, or looks whether its turn has come.
    fn stand(&mut self, waker: &Waker, extensions: &Extensions) -> Result<Standing, Rejected> {
        if let Some(position) = &self.position {
            // The waker of before is dropped with nothing locked.
            let (standing, _before) = self.shared.with(|turns| turns.look(position, waker));
            return Ok(standing);
        }
        let priority = extensions.get::<Priority>().cloned().unwrap_or_default();
        let now = clock::now();
        let arrived = self.shared.with(|turns| turns.arrive(now, priority, waker));
        let (position, standing) = arrived.map_err(|reason| Rejected::new(reason, None))?;
        self.position = Some(position);
        if standing == Standing::Waiting {
            self.shared.overtake_idle();
        }
        Ok(standing)
    }

    fn reject(&mut self, now: Instant) -> Rejected {
        if let Some(position) = self.position.take() {
            self.shared.wake(|turns| turns.reject(now, &position));
        }
        Rejected::new(RejectedReason::DeadlinePassed, None)
    }

    /// Lets the next one in, unless that has been done.
    pub(crate) fn give_up(&mut self) {
        if let Some(position) = self.position.take() {
            self.shared
                .wake(|turns| turns.leave(clock::now(), &position));
        }
    }

    /// The request has left, and others are let in.
    pub(crate) fn is_over(&mut self) {
        self.position = None;
    }

    /// From now on the turn ends when the request leaves.
    pub(crate) fn hand_over<S>(&mut self, to: &mut Depart<S>) {
        self.alarm = None;
        if let Some(position) = &self.position {
            to.in_turn(self.shared.clone(), position.number());
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.give_up();
    }
}
