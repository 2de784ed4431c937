use std::task::{Context, Waker};

use tokio::runtime;

use crate::Rejected;
use crate::cooldown::Probe;

/// The waker of the call, and the runtime in which it waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) waker: Waker,
    pub(crate) runtime: Option<runtime::Id>,
}

impl Waiter {
    /// Cloning a waker may run anything, so this is not done under a lock.
    pub(crate) fn new(cx: &Context<'_>, runtime: Option<runtime::Id>) -> Self {
        let waker = cx.waker().clone();
        Self { waker, runtime }
    }
}

/// Where a waiter stands.
#[derive(Clone, Debug)]
pub(crate) enum WaiterState {
    /// In the queue.
    Waiting,
    /// Has a slot since then, and has not come for it or not used it yet.
    Granted { since: u64, probe: Option<Probe> },
    /// Had a slot and did not use it in time; goes first as soon as it shows up.
    Lapsed,
    /// Will never get one.
    Rejected(Rejected),
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) state: WaiterState,
    pub(super) waiter: Option<Waiter>,
    /// When it joined.
    pub(super) since: u64,
    pub(super) deadline: u64,
    pub(super) arrival: u64,
    /// How many waited longer once: see [`Order`](super::order::Order).
    pub(super) rank: u64,
    pub(super) has_returned: bool,
    pub(super) is_held: bool,
    /// The neighbours in its list.
    pub(super) previous: u32,
    pub(super) next: u32,
}

impl Node {
    /// Returns the old waker.
    pub(super) fn replace(&mut self, waiter: Waiter) -> Option<Waker> {
        self.waiter.replace(waiter).map(|old| old.waker)
    }

    pub(super) fn take_waker(&mut self) -> Option<Waker> {
        self.waiter.take().map(|waiter| waiter.waker)
    }
}
