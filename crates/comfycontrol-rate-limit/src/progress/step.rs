use std::time::Duration;

use tokio::time::Instant;

/// Where a call is on its way to the server.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// It waits for a slot.
    Waiting(Waiting),
    /// Its request has left, at that instant.
    Left(Instant),
}

/// What a call that waits has before it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Waiting {
    pub(crate) ahead: usize,
    pub(crate) earliest: Instant,
}

impl Waiting {
    /// How many calls wait before this one.
    pub fn ahead(&self) -> usize {
        self.ahead
    }

    /// The place of the call in the queue: 1 is next.
    pub fn place(&self) -> usize {
        self.ahead + 1
    }

    /// When it leaves if no call before it gives up, and responses take as long as they have taken
    /// while calls waited; sooner if one does.
    pub fn earliest(&self) -> Instant {
        self.earliest
    }
}

impl Step {
    /// Whether a follower that knows the `other` need not be told of this one.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waiting(one), Self::Waiting(other)) => {
                let (one_at, other_at) = (one.earliest, other.earliest);
                let drift = one_at.max(other_at) - one_at.min(other_at);
                one.ahead == other.ahead && drift <= MAX_DRIFT
            }
            (Self::Left(one), Self::Left(other)) => one == other,
            (Self::Waiting(_), Self::Left(_)) | (Self::Left(_), Self::Waiting(_)) => false,
        }
    }
}

/// An estimate moves a little with every response.
const MAX_DRIFT: Duration = Duration::from_secs(1);
