//! What the two ends share.

use std::sync::{Arc, Weak};
use std::task::Waker;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::step::{Step, Waiting};
use crate::queue::Spot;

/// Knows what a call that waits has before it.
pub(crate) trait Source: Send + Sync {
    fn waiting(&self, spot: Spot) -> Option<Waiting>;
}

#[derive(Default)]
pub(super) struct Track(Mutex<State>);

#[derive(Default)]
struct State {
    waits: Option<(Weak<dyn Source>, Spot)>,
    left: Option<Instant>,
    is_over: bool,
    follower: Option<Waker>,
}

impl Track {
    /// Has `follower` woken at the next change; returns whether there will be none.
    pub(super) fn watch(&self, follower: Waker) -> bool {
        let mut state = self.0.lock();
        let is_over = state.is_over;
        let old = state.follower.replace(follower);
        drop(state);
        drop(old);
        is_over
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.0.lock().waits.is_some()
    }

    pub(super) fn step(&self) -> Option<Step> {
        let (waits, left) = {
            let state = self.0.lock();
            (state.waits.clone(), state.left)
        };
        match waits {
            Some((source, spot)) => source.upgrade()?.waiting(spot).map(Step::Waiting),
            None => left.map(Step::Left),
        }
    }

    /// Something has changed for a waiting call.
    pub(super) fn wake(&self) {
        let follower = self.0.lock().follower.take();
        // The woken follower may come back in, so nothing is locked.
        if let Some(follower) = follower {
            follower.wake();
        }
    }

    /// The call waits there; returns whether it did so at that `source` before.
    fn waits(&self, source: Weak<dyn Source>, spot: Spot) -> bool {
        let here = source.as_ptr();
        let known = self.0.lock().waits.replace((source, spot));
        let is_known = known
            .as_ref()
            .is_some_and(|(source, _)| std::ptr::addr_eq(source.as_ptr(), here));
        if known.is_none_or(|(_, known)| !is_known || known != spot) {
            self.wake();
        }
        is_known
    }
}

/// The end that tells. Its own end is that of the call.
pub(super) struct Teller(Arc<Track>);

impl Teller {
    pub(super) fn new(track: Arc<Track>) -> Self {
        Self(track)
    }

    pub(super) fn step(&self) -> Option<Step> {
        self.0.step()
    }

    /// The call waits there; returns what is to be told of changes, if that was not there before.
    pub(super) fn waits(&self, source: Weak<dyn Source>, spot: Spot) -> Option<Weak<Track>> {
        (!self.0.waits(source, spot)).then(|| Arc::downgrade(&self.0))
    }

    pub(super) fn leaves(&self, at: Instant) {
        {
            let mut state = self.0.0.lock();
            state.waits = None;
            state.left = Some(at);
        }
        self.0.wake();
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        {
            let mut state = self.0.0.lock();
            state.waits = None;
            state.is_over = true;
        }
        self.0.wake();
    }
}
