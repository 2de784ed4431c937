use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The limiter rejected the call: the request was not sent, and no slot was used.
///
/// ```
/// use comfycontrol_rate_limit::{Limiter, RejectedReason, Quota};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limiter = Limiter::builder(Quota::new(1, Duration::from_secs(10))?)
///     .max_wait(Duration::from_secs(5))
///     .build();
/// let first = limiter.acquire().await?;
///
/// let rejected = limiter.acquire().await.unwrap_err();
/// assert_eq!(rejected.reason(), RejectedReason::WouldWaitTooLong);
/// assert!(rejected.wait() >= Some(Duration::from_secs(10)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejected {
    reason: RejectedReason,
    wait: Option<Duration>,
}

/// Why a call was [rejected](Rejected).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RejectedReason {
    /// The call's deadline, or the longest wait allowed, passed in the queue.
    DeadlinePassed,
    /// The [`Keeper`](crate::Keeper) of a shared budget has gone: nothing leaves any more.
    KeeperStopped,
    /// As many calls wait as are allowed to.
    QueueFull,
    /// The store of a shared budget has been away for [longer than
    /// allowed](crate::LimiterBuilder::max_outage).
    StoreUnavailable,
    /// The call would certainly have waited past its deadline, or longer than allowed.
    WouldWaitTooLong,
}

impl Rejected {
    /// The call would have waited until `earliest` at least, in our nanoseconds.
    pub(crate) fn until(earliest: u64, now: u64, reason: RejectedReason) -> Self {
        let wait = earliest.checked_sub(now).filter(|wait| *wait > 0);
        Self::new(reason, wait.map(Duration::from_nanos))
    }

    /// Creates a rejection, for code that queues calls in front of a limiter itself.
    pub const fn new(reason: RejectedReason, wait: Option<Duration>) -> Self {
        Self { reason, wait }
    }

    /// Why the call was rejected.
    pub fn reason(&self) -> RejectedReason {
        self.reason
    }

    /// How much longer the call would have waited at least, unless others give up; `None` where
    /// that depends on responses that have not arrived.
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            RejectedReason::DeadlinePassed => "the deadline passed while the call waited",
            RejectedReason::KeeperStopped => {
                "the keeper of the budget that it shares with others has gone"
            }
            RejectedReason::StoreUnavailable => "the store of the shared budget is away",
            RejectedReason::QueueFull => "too many calls wait already",
            RejectedReason::WouldWaitTooLong => "the call would have waited too long",
        };
        write!(f, "not sent to keep within the rate limit: {reason}")?;
        match self.wait {
            Some(wait) => write!(f, " (at least {wait:.1?} more)"),
            None => Ok(()),
        }
    }
}

impl Error for Rejected {}
