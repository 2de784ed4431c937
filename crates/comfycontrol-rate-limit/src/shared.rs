//! The state behind one short lock, and the timer that looks after those who wait.
//!
//! Everything that may run foreign code (waking, dropping a waker, setting a tokio timer) happens
//! with the state unlocked. The timers have a lock of their own, never held together with the state's.
//! Whoever fails to get it leaves the work to the holder, and the holder looks again after unlocking.
//!
//! Each runtime whose tasks wait has one timer, so that neither a runtime that is gone nor one that
//! nobody drives keeps the others waiting. A timer's waker does what is due itself: no waiter needs
//! to be polled for the queue to move.

use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

use tokio::runtime;
use tokio::time::Instant;

use super::clock::{self, Alarm};
use super::sync::{AtomicBool, AtomicU64, Mutex, Ordering};
use crate::admission::{Admission, Effects, NEVER};
use crate::limiter::Refuses;

pub(crate) struct Shared {
    this: Weak<Self>,
    epoch: Instant,
    bounds_transit: bool,
    refuses: Option<Refuses>,
    state: Mutex<Admission>,
    timers: Mutex<Vec<Timer>>,
    /// What the timers are set to, at the latest.
    armed: AtomicU64,
    /// A timer has rung and nobody has looked yet.
    rung: AtomicBool,
}

#[derive(Debug)]
struct Timer {
    bell: Arc<Bell>,
    waker: Waker,
    alarm: Alarm,
}

/// What a timer wakes.
#[derive(Debug)]
struct Bell {
    shared: Weak<Shared>,
    runtime: runtime::Id,
    rung: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        state: Admission,
        bounds_transit: bool,
        refuses: Option<Refuses>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            epoch: clock::now(),
            bounds_transit,
            refuses,
            state: Mutex::new(state),
            timers: Mutex::new(Vec::new()),
            armed: AtomicU64::new(NEVER),
            rung: AtomicBool::new(false),
        })
    }

    /// Whether a request's way to the server is bounded.
    #[inline]
    pub(crate) fn bounds_transit(&self) -> bool {
        self.bounds_transit
    }

    /// Which replies are refusals, if not those with status 429.
    #[inline]
    pub(crate) fn refuses(&self) -> Option<&Refuses> {
        self.refuses.as_ref()
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.nanos(clock::now())
    }

    /// Our time: nanoseconds since the limiter was made.
    #[inline]
    pub(crate) fn nanos(&self, at: Instant) -> u64 {
        crate::admission::nanos(at.saturating_duration_since(self.epoch))
    }

    pub(crate) fn instant(&self, nanos: u64) -> Instant {
        let since_epoch = Duration::from_nanos(nanos);
        self.epoch
            .checked_add(since_epoch)
            .unwrap_or_else(|| self.epoch + FAR)
    }

    /// Does something that wakes nobody and sets no timer.
    #[inline]
    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut Admission) -> T) -> T {
        action(&mut self.state.lock())
    }

    /// Does something at `now`, then deals with its effects.
    #[cold]
    pub(crate) fn act<T>(
        &self,
        now: u64,
        action: impl FnOnce(&mut Admission, u64, &mut Effects) -> T,
    ) -> T {
        let mut effects = Effects::default();
        let (result, alarm) = {
            let mut state = self.state.lock();
            let result = action(&mut state, now, &mut effects);
            (result, state.alarm())
        };
        if alarm < self.armed.load(Ordering::SeqCst) {
            self.arm(Here::Elsewhere);
        }
        effects.apply();
        result
    }

    /// Does what is due.
    pub(crate) fn run(&self, now: u64) {
        self.act(now, Admission::run);
    }

    /// Sees to it that the runtime of a call that is about to wait keeps the time.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled.
    pub(crate) fn keep_time(&self) {
        let runtime = clock::runtime();
        let is_here = |timer: &Timer| Some(timer.bell.runtime) == runtime;
        let mut timers = self.timers.lock();
        if !timers.iter().any(is_here) {
            // Fails loudly outside a runtime, where nothing could keep the time, and before anything
            // is done that others rely on.
            let alarm = Alarm::new(self.instant(NEVER));
            timers.extend(runtime.map(|runtime| Timer::new(self, runtime, alarm)));
        }
        drop(timers);
        self.arm(Here::Waiter);
    }

    /// Does what is due and sets the timers, until nobody has changed anything meanwhile.
    fn arm(&self, here: Here) {
        let mut effects = Effects::default();
        loop {
            if self.rung.swap(false, Ordering::SeqCst) {
                self.armed.store(NEVER, Ordering::SeqCst);
                let now = self.now();
                self.state.lock().run(now, &mut effects);
            }
            let alarm = self.state.lock().alarm();
            if alarm == NEVER && here != Here::Waiter {
                break;
            }
            let timers = match here {
                // Its new timer can be watched from here only. The holder waits for nobody.
                Here::Waiter => Some(self.timers.lock()),
                Here::Elsewhere | Here::Timer(_) => self.timers.try_lock(),
            };
            let Some(mut timers) = timers else {
                break; // the holder looks again
            };
            let stopped = self.set(&mut timers, alarm, here);
            drop(timers);
            if !stopped.is_empty() {
                // Those who relied on it must see to a new one.
                self.state.lock().rouse(&mut effects);
            }
            let changed = self.state.lock().alarm() != alarm;
            if !changed && !self.rung.load(Ordering::SeqCst) {
                break;
            }
        }
        effects.apply();
    }

    /// Sets all timers to `alarm`; returns those that will not ring any more, to be dropped with
    /// nothing locked.
    fn set(&self, timers: &mut Vec<Timer>, alarm: u64, here: Here) -> Vec<Timer> {
        let at = self.instant(alarm);
        let runtime = match here {
            // Even inside a runtime: it may be shut down beside us.
            Here::Elsewhere => None,
            Here::Timer(runtime) => Some(runtime),
            Here::Waiter => clock::runtime(),
        };
        let mut stopped = Vec::new();
        let mut index = 0;
        while let Some(timer) = timers.get_mut(index) {
            match timer.set(at, runtime) {
                State::Set => index += 1,
                State::Due => {
                    self.rung.store(true, Ordering::SeqCst);
                    index += 1;
                }
                State::Stopped => stopped.push(timers.swap_remove(index)),
            }
        }
        let armed = if timers.is_empty() { NEVER } else { alarm };
        self.armed.store(armed, Ordering::SeqCst);
        stopped
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Where we are when a timer may have to be set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Here {
    /// Anywhere, perhaps outside any runtime.
    Elsewhere,
    /// In the waker of that runtime's timer, so that the runtime is alive or says that it is not.
    Timer(runtime::Id),
    /// In the poll of a call that waits, which a live runtime drives.
    Waiter,
}

enum State {
    Set,
    Due,
    Stopped,
}

impl Timer {
    fn new(shared: &Shared, runtime: runtime::Id, alarm: Alarm) -> Self {
        let bell = Arc::new(Bell {
            shared: shared.this.clone(),
            runtime,
            rung: AtomicBool::new(true), // nobody watches it yet
        });
        let waker = Waker::from(bell.clone());
        Self { bell, waker, alarm }
    }

    /// `here` is the runtime we are in: a timer can be watched from its own only.
    fn set(&mut self, at: Instant, here: Option<runtime::Id>) -> State {
        self.alarm.set(at);
        if self.alarm.is_over() {
            return if clock::now() >= at {
                State::Due
            } else {
                State::Stopped // its runtime is gone
            };
        }
        if !self.bell.rung.swap(false, Ordering::SeqCst) {
            return State::Set; // still watched
        }
        if here != Some(self.bell.runtime) {
            return State::Stopped;
        }
        if self.alarm.watch(&self.waker) {
            self.bell.rung.store(true, Ordering::SeqCst);
            return State::Due;
        }
        State::Set
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        self.rung.store(true, Ordering::SeqCst);
        shared.rung.store(true, Ordering::SeqCst);
        // Setting a timer may ring it at once: then the one who sets it goes on from there.
        if shared.timers.try_lock().is_some() {
            shared.arm(Here::Timer(self.runtime));
        }
    }
}

/// Where a platform's clock ends before our numbers do: some thirty years.
const FAR: Duration = Duration::from_secs(1_000_000_000);
