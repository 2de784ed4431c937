use tokio::time::Instant;

use crate::RejectedReason;
use crate::admission::Counters;

/// What a [`Limiter`](crate::Limiter) looked like at one moment. Taking it consumes nothing.
///
/// ```
/// use comfycontrol_rate_limit::{Limiter, Quota};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), comfycontrol_rate_limit::Rejected> {
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
    pub(crate) in_flight: u64,
    pub(crate) queued: usize,
    pub(crate) next_slot: Option<Instant>,
    pub(crate) paused_until: Option<Instant>,
    pub(crate) granted: u64,
    pub(crate) counters: Counters,
    pub(crate) fleet: Option<Fleet>,
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

    /// How many slots are granted to requests whose response has not come yet.
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// How many calls wait for a slot.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// When the first call that waits, or a new one if none does, gets its slot; `None` while that
    /// depends on responses that have not arrived, or on permits that are held.
    pub fn next_slot(&self) -> Option<Instant> {
        self.next_slot
    }

    /// Until when nothing leaves for certain: by a cooldown, or by
    /// [`Limiter::pause_for`](crate::Limiter::pause_for). `None` when neither is under way.
    pub fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Counter: slots granted and not given back.
    pub fn granted(&self) -> u64 {
        self.granted
    }

    /// Counter: calls that had to wait.
    pub fn waited(&self) -> u64 {
        self.counters.waited
    }

    /// Counter: calls rejected by the limiter, see [`Rejected`](crate::Rejected).
    pub fn rejected(&self) -> u64 {
        self.counters.rejected
    }

    /// Counter: requests throttled by the server, by default those with a response of status 429.
    pub fn throttled(&self) -> u64 {
        self.counters.throttled
    }

    /// Counter: requests whose response failed, or was dropped before it came.
    pub fn lost(&self) -> u64 {
        self.counters.lost
    }

    /// Counter: cooldowns; all throttled responses of one burst are one.
    pub fn cooldowns(&self) -> u64 {
        self.counters.cooldowns
    }

    /// All processes that share the budget; `None` if it is not shared. Then `free` and
    /// `paused_until` are those of all processes together, `next_slot` is when it is this one's
    /// turn, and the other numbers are those of this one.
    pub fn fleet(&self) -> Option<&Fleet> {
        self.fleet.as_ref()
    }
}

/// What a limiter last read of all the processes that share its budget.
///
/// It reads when it needs something of the store itself. Taking this does not ask the store.
#[derive(Clone, Debug)]
pub struct Fleet {
    pub(crate) members: usize,
    pub(crate) waiting: usize,
    pub(crate) in_flight: u64,
    pub(crate) free: u64,
    pub(crate) paused_until: Option<Instant>,
    pub(crate) seen_at: Instant,
    pub(crate) away_since: Option<Instant>,
    pub(crate) rejects: Option<RejectedReason>,
}

impl Fleet {
    /// How many limiters share the budget, this one included once it has needed a slot. One that
    /// has gone counts until its [lease](crate::LimiterBuilder::lease) ends.
    pub fn members(&self) -> usize {
        self.members
    }

    /// How many of them have calls that wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many requests of all of them are on their way.
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// How many requests could leave at once.
    pub fn free(&self) -> u64 {
        self.free
    }

    /// Until when none of them sends anything: by a cooldown, a pause, or because the record was
    /// lost.
    pub fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// When all of this was read from the store.
    pub fn seen_at(&self) -> Instant {
        self.seen_at
    }

    /// Since when the [`Store`](crate::Store) has not answered; `None` if it answered when it was
    /// asked last. Nothing new leaves meanwhile.
    pub fn away_since(&self) -> Option<Instant> {
        self.away_since
    }

    /// Why all calls are rejected now: since the store is away for
    /// [too long](crate::LimiterBuilder::max_outage), or the [`Keeper`](crate::Keeper) has stopped.
    pub fn rejects(&self) -> Option<RejectedReason> {
        self.rejects
    }
}
