use crate::admission::{Admission, DispatchedSlot, Grant};
use crate::queue::Ticket;

/// How far a call has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Has not asked yet, or is done.
    Idle,
    /// In the queue's books: waiting, or with a slot that goes on if it is not claimed soon.
    Queued(Ticket),
    /// With a slot that is not taken away.
    Holding(Grant),
    /// The same, of a call that may have a [`Tracker`](crate::Tracker).
    Tracked(Grant),
    /// With a slot that comes back to the limiter if it is not used in time.
    Held(Ticket),
    /// The request has left.
    InFlight(DispatchedSlot),
}

impl Stage {
    /// With a slot taken up at `now`.
    pub(crate) fn with(state: &mut Admission, now: u64, grant: Grant) -> Self {
        match state.hold(now, &grant) {
            None => Self::Tracked(grant),
            Some(ticket) => Self::Held(ticket),
        }
    }
}
