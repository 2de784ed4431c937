use std::sync::Arc;

use tokio::time::Instant;

use super::read_wait::ReadWait;
use super::shared::Shared;
use super::source_read::SourceRead;
use crate::cache::{Advice, Outgoing};
use crate::{SourceError, clock};

/// A token for a request that leaves now, or the way to it.
pub(crate) enum Lookup {
    Found(Outgoing),
    Missing(SourceError),
    Wait(ReadWait),
}

impl Lookup {
    /// Without `may_read`, it is made do with what is there.
    pub(super) fn of(shared: &Arc<Shared>, may_read: bool) -> Self {
        if shared.is_by_hand()
            && let Some(token) = shared.state.lock().cache.get_undated()
        {
            return Self::Found(token);
        }
        let now = clock::now();
        if let Some(token) = shared.state.lock().cache.get(now) {
            return Self::Found(token);
        }
        Self::after_a_check(shared, now, may_read)
    }

    #[cold]
    fn after_a_check(shared: &Arc<Shared>, now: Instant, may_read: bool) -> Self {
        let mut state = shared.state.lock();
        let reading = state.waiters.is_some();
        let (advice, notice) = state.cache.check(now, clock::wall(), reading);
        let (read, lookup) = if advice == Advice::Wait && may_read {
            let (read, wait) = SourceRead::join(shared, &mut state);
            (read, Self::Wait(wait))
        } else {
            let read = advice == Advice::SendAndRead;
            let read = read.then(|| SourceRead::begin(shared, &mut state));
            let lookup = match state.cache.get_any() {
                Some(token) => Self::Found(token),
                None => Self::Missing(state.cause()),
            };
            (read, lookup)
        };
        drop(state);
        if let Some(notice) = notice {
            shared.report(notice);
        }
        if let Some(read) = read {
            read.launch();
        }
        lookup
    }
}
