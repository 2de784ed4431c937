//! The state behind one short lock, and the timers that serve the waiting calls.
//!
//! Everything that may run foreign code (waking, dropping a waker, setting a tokio timer) happens
//! with the state unlocked. The timers have a lock of their own, never held together with the
//! state's. A caller that fails to get it leaves the work to the holder, and the holder looks again
//! after unlocking. Only waiters and timers that have rung wait for the holder: each can be watched
//! from its runtime alone.
//!
//! Each runtime whose tasks wait has [one timer](super::timers). Its waker does what is due itself:
//! no waiter needs to be polled for the queue to move.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use http::{HeaderMap, StatusCode};
use tokio::runtime;
use tokio::time::Instant;

use super::clock::{self, Alarm};
use super::link::{Link, Rope};
use super::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering, this_thread};
use super::timers::{Bell, CalledFrom, Kept, Timer, Timers};
use crate::admission::{Admission, Effects, Outcome};
use crate::classifier::Classifier;
use crate::epoch::{Epoch, NEVER};
use crate::ledger::Moment;
use crate::progress::Watchers;

pub(crate) struct Shared {
    pub(super) this: Weak<Self>,
    pub(super) epoch: Epoch,
    bounds_transit: bool,
    classifier: Classifier,
    state: Mutex<Admission>,
    timers: Mutex<Timers>,
    /// The thread that sets them; 0 if none does.
    setter: AtomicUsize,
    /// What the timers are set to, at the latest.
    armed: AtomicU64,
    /// A timer has fired and no caller has looked yet.
    fired: AtomicBool,
    pub(super) watchers: Watchers,
    /// To the keeper of a budget that is shared with other processes. It goes after the state.
    keeper: Option<Rope>,
}

/// What a timer wakes when it rings.
#[derive(Debug)]
struct Expiry {
    shared: Weak<Shared>,
    runtime: runtime::Id,
    bell: Arc<Bell>,
}

impl Shared {
    pub(crate) fn new(
        state: Admission,
        bounds_transit: bool,
        classifier: Classifier,
        keeper: Option<Arc<Link>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            epoch: Epoch::new(clock::now()),
            bounds_transit: bounds_transit || keeper.is_some(),
            classifier,
            state: Mutex::new(state),
            timers: Mutex::new(Timers::default()),
            setter: AtomicUsize::new(0),
            armed: AtomicU64::new(NEVER),
            fired: AtomicBool::new(false),
            watchers: Watchers::default(),
            keeper: keeper.map(Rope),
        })
    }

    /// Whether it must be known when a request leaves.
    #[inline]
    pub(crate) fn bounds_transit(&self) -> bool {
        self.bounds_transit
    }

    /// What a response means to the limiter.
    #[inline]
    pub(crate) fn outcome(&self, status: StatusCode, headers: &HeaderMap) -> Outcome {
        self.classifier.outcome(status, headers)
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.epoch.passed(clock::now())
    }

    /// Now, by all our clocks.
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            monotonic: self.now(),
            wall: clock::wall(),
        }
    }

    /// Our time: nanoseconds since the limiter was made.
    #[inline]
    pub(crate) fn nanos(&self, at: Instant) -> u64 {
        self.epoch.nanos(at)
    }

    pub(crate) fn instant(&self, nanos: u64) -> Instant {
        self.epoch.instant(nanos)
    }

    /// Does something that wakes no call and sets no timer.
    #[inline]
    pub(crate) fn with<T>(&self, action: impl FnOnce(&mut Admission) -> T) -> T {
        action(&mut self.state.lock())
    }

    /// Does something at `now`, then deals with its effects.
    #[cold]
    pub(crate) fn update<T>(
        &self,
        now: u64,
        action: impl FnOnce(&mut Admission, u64, &mut Effects) -> T,
    ) -> T {
        let result = self.update_quietly(now, action);
        self.tell_keeper();
        result
    }

    /// The keeper of a shared budget is to look what has happened.
    pub(crate) fn tell_keeper(&self) {
        if let Some(Rope(keeper)) = &self.keeper {
            keeper.ring();
        }
    }

    /// Whether grants of a budget that is shared with other processes must not be used any more.
    pub(crate) fn is_too_late(&self) -> bool {
        self.keeper.is_some() && self.with(|state| state.is_too_late(self.moment()))
    }

    /// As [`update`](Self::update), by the keeper itself.
    pub(crate) fn update_quietly<T>(
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
            self.arm(CalledFrom::Elsewhere);
        }
        effects.apply();
        self.notify();
        result
    }

    /// Tells the followers of calls what has changed.
    #[inline]
    fn notify(&self) {
        self.watchers.notify(|| self.with(|state| state.prospect()));
    }

    /// Does what is due.
    pub(crate) fn run(&self, now: u64) {
        self.update(now, Admission::run);
    }

    /// Sees to it that the runtime of a call that is about to wait keeps the time.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled, and in one that has gone.
    pub(crate) fn keep_time(&self, here: Option<runtime::Id>) {
        let kept = self.timers.lock().kept_by(here);
        match kept {
            Some(Kept::Watched) if self.is_armed() => return,
            Some(_) => {}
            // Fails loudly where nothing could keep the time, and before anything is done that
            // others rely on.
            None => _ = Alarm::new(self.instant(NEVER)).watch(Waker::noop()),
        }
        self.arm(CalledFrom::Waiter(here));
    }

    /// Whether timers that are watched ring in time. To be asked after the timers were unlocked: a
    /// caller that found them locked has left its work to the holder. One that sets them later
    /// looks again itself.
    fn is_armed(&self) -> bool {
        let has_fired = self.fired.load(Ordering::SeqCst);
        !has_fired && self.armed.load(Ordering::SeqCst) <= self.with(|state| state.alarm())
    }

    fn timer(&self, runtime: runtime::Id) -> Timer {
        let bell = Arc::new(Bell::default());
        let expiry = Expiry {
            shared: self.this.clone(),
            runtime,
            bell: bell.clone(),
        };
        let alarm = Alarm::new(self.instant(NEVER));
        Timer::new(runtime, bell, Arc::new(expiry).into(), alarm)
    }

    /// Does what is due and sets the timers, until no other caller has changed anything meanwhile.
    fn arm(&self, from: CalledFrom) {
        let mut effects = Effects::default();
        loop {
            if self.fired.swap(false, Ordering::SeqCst) {
                self.armed.store(NEVER, Ordering::SeqCst);
                let now = self.now();
                self.state.lock().run(now, &mut effects);
            }
            let (alarm, awaited) = {
                let state = self.state.lock();
                (state.alarm(), state.is_awaited())
            };
            if alarm == NEVER && from == CalledFrom::Elsewhere {
                break;
            }
            let timers = match from {
                // Its timer can be watched from here only. The holder does not wait.
                CalledFrom::Waiter(_) | CalledFrom::Timer(_) => Some(self.timers.lock()),
                CalledFrom::Elsewhere => self.timers.try_lock(),
            };
            let Some(mut timers) = timers else {
                break; // the holder looks again
            };
            let unneeded = match from {
                CalledFrom::Timer(runtime) if alarm == NEVER && !awaited => timers.retire(runtime),
                _ => None,
            };
            let stopped = self.set(&mut timers, alarm, from);
            drop(timers);
            drop(unneeded);
            if !stopped.is_empty() {
                // Calls that relied on it must set a new one.
                let one_of = |runtime| stopped.iter().any(|timer| timer.is_of(runtime));
                self.state.lock().wake_all(one_of, &mut effects);
            }
            let changed = self.state.lock().alarm() != alarm;
            if !changed && !self.fired.load(Ordering::SeqCst) {
                break;
            }
        }
        effects.apply();
        self.notify();
    }

    /// Sets all timers to `alarm`, and a new one where a runtime has none; returns those that will
    /// not ring any more, to be dropped with nothing locked.
    fn set(&self, timers: &mut Timers, alarm: u64, from: CalledFrom) -> Vec<Timer> {
        let here = match from {
            // Even inside a runtime: it may be shut down concurrently.
            CalledFrom::Elsewhere => None,
            CalledFrom::Timer(runtime) => Some(runtime),
            CalledFrom::Waiter(runtime) => runtime,
        };
        if let CalledFrom::Waiter(Some(runtime)) = from
            && timers.kept_by(here).is_none()
        {
            timers.push(self.timer(runtime));
        }
        self.setter.store(this_thread(), Ordering::SeqCst);
        let (stopped, is_due) = timers.set(self.instant(alarm), here);
        self.setter.store(0, Ordering::SeqCst);
        // Nothing is set to what is due, which another may do before this is stored.
        let is_set = !is_due && !timers.is_empty();
        let armed = if is_set { alarm } else { NEVER };
        self.armed.store(armed, Ordering::SeqCst);
        if is_due {
            self.fired.store(true, Ordering::SeqCst);
        }
        stopped
    }
}

impl Wake for Expiry {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        shared.fired.store(true, Ordering::SeqCst);
        // Setting a timer may ring it at once: then the caller that sets it goes on from there.
        let by_setting = shared.setter.load(Ordering::SeqCst) == this_thread();
        self.bell.ring(by_setting);
        if !by_setting {
            shared.arm(CalledFrom::Timer(self.runtime));
        }
    }
}
