//! One call, as the driver sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::Id;
use crate::admission::{Flight, Grant};
use crate::queue::Ticket;

#[derive(Debug)]
pub(super) enum Has {
    Ticket(Ticket),
    Grant(Grant),
    Flight(Flight),
}

#[derive(Debug)]
pub(super) struct Caller {
    pub(super) id: Id,
    pub(super) has: Has,
    pub(super) deadline: u64,
    pub(super) episode: u32,
    pub(super) asked_at: u64,
    pub(super) bell: Arc<Bell>,
    /// How often it must have been woken by now.
    pub(super) wakes: usize,
    pub(super) left_at: u64,
}

#[derive(Debug, Default)]
pub(super) struct Bell(pub(super) AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
