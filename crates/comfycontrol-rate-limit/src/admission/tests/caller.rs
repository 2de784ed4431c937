//! One call, as the driver sees it.

use std::sync::Arc;

use comfycontrol_test::WakeCounter;

use super::model::Id;
use crate::admission::{DispatchedSlot, Grant};
use crate::queue::{Ticket, Waiter};

#[derive(Debug)]
pub(super) enum Has {
    Ticket(Ticket),
    Grant(Grant),
    /// A slot that comes back if it is not used in time.
    Held(Ticket),
    Dispatched(DispatchedSlot),
}

#[derive(Debug)]
pub(super) struct Caller {
    pub(super) id: Id,
    pub(super) has: Has,
    pub(super) deadline: u64,
    pub(super) episode: u32,
    pub(super) asked_at: u64,
    /// How often it was woken since it looked last.
    pub(super) wakes: Arc<WakeCounter>,
    /// All waiting calls were woken, so this one must be woken too.
    pub(super) must_be_woken: bool,
    pub(super) left_at: u64,
}

impl Caller {
    /// One that comes now, and has nothing yet.
    pub(super) fn new(id: Id, now: u64, deadline: u64, episode: u32) -> Self {
        let nothing = Grant {
            probe: None,
            episode: 0,
        };
        Self {
            id,
            has: Has::Dispatched(DispatchedSlot::of(nothing)),
            deadline,
            episode,
            asked_at: now,
            wakes: Arc::default(),
            must_be_woken: false,
            left_at: 0,
        }
    }

    pub(super) fn waiter(&self) -> Waiter {
        Waiter {
            waker: self.wakes.clone().into(),
            runtime: None,
        }
    }
}
