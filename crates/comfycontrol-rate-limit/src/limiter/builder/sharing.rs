//! A limiter whose budget is shared with other processes.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::{Limiter, LimiterBuilder, bounded};
use crate::Store;
use crate::admission::{Admission, Desk, Testament};
use crate::keeper::{Keeper, Rounds};
use crate::ledger::{Session, Terms};
use crate::link::Link;
use crate::shared::Shared;

impl LimiterBuilder {
    /// Creates a limiter that shares its budget with all others over the same `store`.
    ///
    /// Those may be in this process and in others. All of them together keep to one quota, take
    /// turns where the store is near, and are silent after one 429.
    ///
    /// Spawn the [`Keeper`]: it gets the slots. All must be built with the same window and the same
    /// [algorithm](Self::algorithm), or the keeper ends with an error. Each keeps the number of
    /// requests and the other settings that it was built with.
    ///
    /// A [`Permit`](crate::Permit) is for use at once: one that is dispatched later than half a
    /// [lease](Self::lease) after the store was last told of it still leaves, and the promise to
    /// keep the quota does not hold for it. Calls of the layer are held back then, and wait once
    /// more. With [`max_transit`](Self::max_transit) slots come back that long after they were
    /// used, not sooner.
    ///
    /// ```
    /// use comfycontrol_rate_limit::{Limiter, MemoryStore, Quota};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = MemoryStore::new();
    /// let (one, keeper) = Limiter::builder(Quota::COMFYCONTROL).build_shared(store.clone());
    /// tokio::spawn(keeper);
    /// let (other, keeper) = Limiter::builder(Quota::COMFYCONTROL).build_shared(store);
    /// tokio::spawn(keeper);
    ///
    /// let permit = one.acquire().await?;
    /// let other_permit = other.acquire().await?;
    /// let fleet = other.snapshot().fleet().cloned().ok_or("not shared")?;
    /// assert_eq!((fleet.members(), fleet.in_flight(), fleet.free()), (2, 2, 38));
    /// # drop((permit, other_permit));
    /// # Ok(())
    /// # }
    /// ```
    pub fn build_shared<S: Store>(self, store: S) -> (Limiter, Keeper) {
        let (requests, window) = (self.quota.requests(), self.quota.stretched());
        let testament = Testament::default();
        let desk = Desk::new((requests, window), self.lease, testament.clone());
        let link = Arc::new(Link::new());
        let state = Admission::shared(self.settings, desk);
        let shared = Shared::new(state, true, self.classifier, Some(link.clone()));
        let terms = Terms::new(self.algorithm, requests, window, self.lease, self.settings);
        let id = u128::from(random()) << 64 | u128::from(random());
        let session = Session::new(terms, id, random());
        let rounds = Rounds::new(store, session, &shared, (link, testament), self.max_outage);
        let keeper = Keeper::new(rounds, Arc::downgrade(&shared));
        (Limiter { shared }, keeper)
    }

    /// Sets how long the other processes that [share](Self::build_shared) the budget take this one
    /// to live after they heard of it last. The slots that it held when it was killed go to others
    /// only then, unless the store tells them sooner.
    ///
    /// A store that knows a member is gone from its absence, as the one in Redis does, must wait
    /// for at least half of this: a process uses a slot until then.
    ///
    /// Default: 10 s. At least 1 s, at most 1 day.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = bounded(lease.max(Duration::from_secs(1)));
        self
    }

    /// Sets how long calls wait while the store of a [shared](Self::build_shared) budget is away.
    /// Then those that wait and those that come are rejected until it answers again:
    /// [`RejectedReason::StoreUnavailable`](crate::RejectedReason::StoreUnavailable). None ever
    /// leaves without it.
    ///
    /// Default: as long as it takes. At most 1 day.
    pub fn max_outage(mut self, outage: Duration) -> Self {
        self.max_outage = Some(bounded(outage));
        self
    }
}

/// A number that no other process has: the standard library takes the keys of its maps from the
/// system's random source.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
