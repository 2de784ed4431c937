use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{Member, Reading, Record, Replaced, Store, StoreTime, Unavailable, Version, clock};

/// Keeps a budget in the memory of one process, for several limiters that share it, and for tests.
///
/// Clones are handles to one store. It begins empty, and limiters over it begin with the whole
/// quota, as [`Limiter::new`](crate::Limiter::new) does. It answers at once and is never away.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    start: Instant,
    record: Arc<Mutex<Option<Record>>>,
}

impl MemoryStore {
    /// Creates a store without a record.
    pub fn new() -> Self {
        Self {
            start: clock::now(),
            record: Arc::default(),
        }
    }

    fn time(&self) -> StoreTime {
        let passed = clock::now().saturating_duration_since(self.start);
        let micros = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        // Nothing was there before that could have been lost.
        StoreTime::new(micros.saturating_add(BEGINNING), 0, Duration::MAX)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    async fn read(&self) -> Result<Reading, Unavailable> {
        let record = self.record.lock();
        Ok(Reading::new(record.clone(), self.time()))
    }

    async fn replace(
        &self,
        seen: Option<Version>,
        new: Record,
        _keep: Duration,
    ) -> Result<Replaced, Unavailable> {
        let mut record = self.record.lock();
        if record.as_ref().map(|record| record.version) == seen {
            *record = Some(new);
            Ok(Replaced::Won(Some(self.time())))
        } else {
            Ok(Replaced::Lost(Reading::new(record.clone(), self.time())))
        }
    }

    async fn join(&self, _member: Member) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn gone(&self, _members: Vec<Member>) -> Result<Vec<Member>, Unavailable> {
        Ok(Vec::new())
    }
}

/// So that there is time before: some days.
const BEGINNING: u64 = 1 << 40;
