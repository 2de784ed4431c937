use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The call was refused by the limiter; the request was not sent and nothing was consumed.
///
/// ```
/// use comfycontrol_rate_limit::{Limiter, NotAdmittedReason, Quota};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limiter = Limiter::builder(Quota::new(1, Duration::from_secs(10))?)
///     .max_wait(Duration::from_secs(5))
///     .build();
/// let first = limiter.acquire().await?;
///
/// let refused = limiter.acquire().await.unwrap_err();
/// assert_eq!(refused.reason(), NotAdmittedReason::WouldWaitTooLong);
/// assert!(refused.wait() >= Some(Duration::from_secs(10)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotAdmitted {
    reason: NotAdmittedReason,
    wait: Option<Duration>,
}

/// Why a call was [not admitted](NotAdmitted).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NotAdmittedReason {
    /// The call's deadline, or the longest wait allowed, passed in the queue.
    DeadlinePassed,
    /// As many calls wait as are allowed to.
    QueueFull,
    /// The call would certainly have waited past its deadline, or longer than allowed.
    WouldWaitTooLong,
}

impl NotAdmitted {
    pub(crate) fn new(reason: NotAdmittedReason, wait: Option<Duration>) -> Self {
        Self { reason, wait }
    }

    /// Why the call was refused.
    pub fn reason(&self) -> NotAdmittedReason {
        self.reason
    }

    /// How much longer the call would have waited at least, unless others give up; `None` where
    /// that depends on answers that have not arrived.
    pub fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            NotAdmittedReason::DeadlinePassed => "the deadline passed while the call waited",
            NotAdmittedReason::QueueFull => "too many calls wait already",
            NotAdmittedReason::WouldWaitTooLong => "the call would have waited too long",
        };
        write!(f, "not sent to keep within the rate limit: {reason}")?;
        match self.wait {
            Some(wait) => write!(f, " (at least {wait:.1?} more)"),
            None => Ok(()),
        }
    }
}

impl Error for NotAdmitted {}
