//! The timers: one for each runtime whose tasks wait, so that neither a runtime that is gone nor
//! one that is not driven keeps the others waiting.
//!
//! A timer that has rung can be watched again from its own runtime only. The call it has woken does
//! that, so others leave it alone meanwhile. Where a timer rings because another thread has set it,
//! no call is there to do so: such a timer is given up, and the waiting calls set a new one.

use std::sync::Arc;
use std::task::Waker;

use tokio::runtime;
use tokio::time::Instant;

use super::clock::{self, Alarm};
use super::sync::{AtomicBool, Ordering};

#[derive(Debug, Default)]
pub(crate) struct Timers(Vec<Timer>);

#[derive(Debug)]
pub(crate) struct Timer {
    runtime: runtime::Id,
    bell: Arc<Bell>,
    waker: Waker,
    alarm: Alarm,
    at: Instant,
}

/// How a timer rang, for the caller that sets it next.
#[derive(Debug)]
pub(crate) struct Bell {
    /// The timer is not watched.
    has_rung: AtomicBool,
    /// And no call of its runtime is about to watch it.
    is_orphaned: AtomicBool,
}

impl Default for Bell {
    fn default() -> Self {
        Self {
            has_rung: AtomicBool::new(true),
            is_orphaned: AtomicBool::new(false),
        }
    }
}

impl Bell {
    /// To be called by the timer's waker, which sets the timer again unless it was rung
    /// `by_setting` it.
    pub(crate) fn ring(&self, by_setting: bool) {
        self.is_orphaned.store(by_setting, Ordering::SeqCst);
        self.has_rung.store(true, Ordering::SeqCst);
    }
}

impl Timers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How that runtime keeps the time, if it does.
    pub(crate) fn kept_by(&self, runtime: Option<runtime::Id>) -> Option<Kept> {
        let timer = self.0.iter().find(|timer| timer.is_of(runtime))?;
        Some(if timer.bell.has_rung.load(Ordering::SeqCst) {
            Kept::HasRung
        } else {
            Kept::Watched
        })
    }

    pub(crate) fn push(&mut self, timer: Timer) {
        self.0.push(timer);
    }

    /// Takes a runtime's timer away if it is not watched.
    pub(crate) fn retire(&mut self, runtime: runtime::Id) -> Option<Timer> {
        let mut timers = self.0.iter();
        let index = timers.position(|timer| {
            timer.is_of(Some(runtime)) && timer.bell.has_rung.load(Ordering::SeqCst)
        })?;
        Some(self.0.swap_remove(index))
    }

    /// Has all of them ring `at` once at the latest, and that of the runtime `here` just then;
    /// returns those that will not ring any more, and whether it is time already.
    pub(crate) fn set(&mut self, at: Instant, here: Option<runtime::Id>) -> (Vec<Timer>, bool) {
        let (mut stopped, mut is_due) = (Vec::new(), false);
        let mut index = 0;
        while let Some(timer) = self.0.get_mut(index) {
            let state = if timer.is_of(here) {
                timer.set_from_its_runtime(at)
            } else {
                timer.set_from_elsewhere(at)
            };
            if let State::Stopped = state {
                stopped.push(self.0.swap_remove(index));
            } else {
                is_due |= matches!(state, State::Due);
                index += 1;
            }
        }
        (stopped, is_due)
    }
}

/// How a runtime keeps the time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    /// Its timer rings when it was set to.
    Watched,
    /// Its timer has rung.
    HasRung,
}

enum State {
    Set,
    Due,
    Stopped,
}

impl Timer {
    /// `waker` [rings](Bell::ring) the `bell`.
    pub(crate) fn new(runtime: runtime::Id, bell: Arc<Bell>, waker: Waker, alarm: Alarm) -> Self {
        Self {
            runtime,
            bell,
            waker,
            alarm,
            at: clock::now(),
        }
    }

    pub(crate) fn is_of(&self, runtime: Option<runtime::Id>) -> bool {
        Some(self.runtime) == runtime
    }

    fn set_from_its_runtime(&mut self, at: Instant) -> State {
        let state = self.set(at);
        if let State::Set = state
            && self.bell.has_rung.swap(false, Ordering::SeqCst)
        {
            self.bell.is_orphaned.store(false, Ordering::SeqCst);
            if self.alarm.watch(&self.waker) {
                self.bell.has_rung.store(true, Ordering::SeqCst);
                return State::Due;
            }
        }
        state
    }

    fn set_from_elsewhere(&mut self, at: Instant) -> State {
        if self.bell.has_rung.load(Ordering::SeqCst) {
            // If no call comes to set it, the waiting ones must.
            return if self.bell.is_orphaned.load(Ordering::SeqCst) {
                State::Stopped
            } else {
                State::Set
            };
        }
        if self.at <= at {
            return State::Set; // rings earlier, and is set again then
        }
        if at <= clock::now() {
            return State::Due; // no need to ring it
        }
        self.set(at)
    }

    fn set(&mut self, at: Instant) -> State {
        self.at = at;
        self.alarm.set(at);
        if !self.alarm.is_over() {
            State::Set
        } else if clock::now() >= at {
            State::Due
        } else {
            State::Stopped // its runtime is gone
        }
    }
}

/// From where a timer is set, if that is needed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CalledFrom {
    /// Anywhere, perhaps outside any runtime.
    Elsewhere,
    /// In the waker of that runtime's timer, so that the runtime is alive or says that it is not.
    Timer(runtime::Id),
    /// In the poll of a call that waits, which a live runtime drives.
    Waiter(Option<runtime::Id>),
}
