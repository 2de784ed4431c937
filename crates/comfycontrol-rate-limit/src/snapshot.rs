use tokio::time::Instant;

/// What a [`Limiter`](crate::Limiter) looked like at one moment. Taking it consumes nothing.
///
/// ```
/// use comfycontrol_rate_limit::{Limiter, Quota};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), comfycontrol_rate_limit::NotAdmitted> {
/// let limiter = Limiter::new(Quota::COMFYCONTROL);
/// let permit = limiter.acquire().await?;
///
/// let seen = limiter.snapshot();
/// assert_eq!((seen.limit(), seen.free(), seen.in_flight()), (40, 39, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) limit: u64,
    pub(crate) free: u64,
    pub(crate) outstanding: u64,
    pub(crate) queued: usize,
    pub(crate) next_slot: Option<Instant>,
    pub(crate) closed_until: Option<Instant>,
    pub(crate) counters: Counters,
}

/// What has happened since the limiter was made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) granted: u64,
    pub(crate) queued: u64,
    pub(crate) not_admitted: u64,
    pub(crate) refused: u64,
    pub(crate) lost: u64,
    pub(crate) cooldowns: u64,
}

impl Snapshot {
    /// How many requests the quota allows in one window.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// How many requests could leave at once, without waiting.
    pub fn free(&self) -> u64 {
        self.free
    }

    /// How many slots are granted to requests that have not been answered yet.
    pub fn in_flight(&self) -> u64 {
        self.outstanding
    }

    /// How many calls wait for a slot.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// When the first call that waits, or a new one if none does, gets its slot; `None` while that
    /// depends on answers that have not arrived.
    pub fn next_slot(&self) -> Option<Instant> {
        self.next_slot
    }

    /// Until when the gate is certainly closed, after a refusal by the server or by hand.
    pub fn closed_until(&self) -> Option<Instant> {
        self.closed_until
    }

    /// Counter: slots granted and not given back.
    pub fn granted(&self) -> u64 {
        self.counters.granted
    }

    /// Counter: calls that had to wait.
    pub fn ever_queued(&self) -> u64 {
        self.counters.queued
    }

    /// Counter: calls refused by the limiter, see [`NotAdmitted`](crate::NotAdmitted).
    pub fn not_admitted(&self) -> u64 {
        self.counters.not_admitted
    }

    /// Counter: requests refused by the server, by default those answered with 429.
    pub fn refused(&self) -> u64 {
        self.counters.refused
    }

    /// Counter: requests whose response failed or was dropped before it came.
    pub fn lost(&self) -> u64 {
        self.counters.lost
    }

    /// Counter: cooldowns; all refusals of one burst are one.
    pub fn cooldowns(&self) -> u64 {
        self.counters.cooldowns
    }
}
