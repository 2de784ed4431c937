//! What waiting calls may expect.

use super::{Admission, Outlook};
use crate::queue::{Spot, Ticket, Turn};

/// By what it is seen that an [`Outlook`] is not true any more.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Prospect {
    moves: u64,
    next_grant: Option<u64>,
    quota: (u64, u64),
}

impl Admission {
    pub(crate) fn spot(&self, ticket: &Ticket) -> Spot {
        self.queue.spot(ticket)
    }

    /// When it is a call's turn; `None` if it waits no more.
    pub(crate) fn turn(&mut self, spot: Spot) -> Option<Turn> {
        self.queue.turn(spot)
    }

    /// What waiting calls may expect.
    pub(crate) fn outlook(&self, now: u64) -> Outlook {
        self.slots.outlook(now)
    }

    /// Differs from an earlier one if waiting calls may expect something else since.
    #[inline]
    pub(crate) fn prospect(&self) -> Prospect {
        Prospect {
            moves: self.queue.moves(),
            next_grant: self.next_grant,
            quota: self.slots.quota(),
        }
    }
}
