use comfycontrol_priority::PriorityLimiter;
use comfycontrol_rate_limit::{Limiter, Quota};

/// Which rate limiter a client keeps to.
///
/// ```
/// use comfycontrol::rate_limit::{Limiter, Quota};
/// use comfycontrol::{Client, RateLimitMode};
///
/// let builder = || Client::builder().without_token();
/// let limiter = Limiter::new(Quota::COMFYCONTROL);
///
/// let shared = builder().rate_limit(limiter.clone()).build()?;
/// let own = builder().rate_limit(Quota::COMFYCONTROL).build()?;
/// let none = builder().rate_limit(RateLimitMode::Off).build()?;
/// assert!(none.limiter().is_none());
/// # Ok::<_, comfycontrol::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum RateLimitMode {
    /// Keeps to this limiter, which other clients may share.
    Limiter(Limiter),
    /// Keeps to no limit: requests leave at once, and retries wait for a cooldown themselves.
    Off,
    /// Keeps to the limiter behind it, and lets the more urgent calls go first: those with a
    /// [`Priority`](crate::priority::Priority) by
    /// [`RequestBuilder::priority`](crate::RequestBuilder::priority).
    Priority(PriorityLimiter),
    /// Keeps to this quota by a limiter of the client's own.
    Quota(Quota),
    /// Shares a limiter with the clients of this process that reach the same origin by the same
    /// proxy, since the API counts by address. Its quota is 40 requests in 10 s. A client whose
    /// base URL is this machine, and one with a transport of its own, gets a limiter of its own.
    #[default]
    Shared,
}

impl From<Limiter> for RateLimitMode {
    fn from(limiter: Limiter) -> Self {
        Self::Limiter(limiter)
    }
}

impl From<PriorityLimiter> for RateLimitMode {
    fn from(limiter: PriorityLimiter) -> Self {
        Self::Priority(limiter)
    }
}

impl From<Quota> for RateLimitMode {
    fn from(quota: Quota) -> Self {
        Self::Quota(quota)
    }
}
