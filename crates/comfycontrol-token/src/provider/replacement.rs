use std::sync::Arc;

use super::read_wait::ReadWait;
use super::shared::Shared;
use super::source_read::SourceRead;
use crate::cache::Verdict;
use crate::clock;

/// Another token than the one that had a 401, or the way to it.
pub(crate) enum Replacement {
    Found,
    Missing,
    Wait(ReadWait),
}

impl Replacement {
    /// For the token of `generation`. Without `may_read`, it is made do with what is there.
    pub(super) fn of(shared: &Arc<Shared>, generation: u64, may_read: bool) -> Self {
        let now = (may_read && !shared.is_by_hand()).then(clock::now);
        let mut state = shared.state.lock();
        match state.cache.unauthorized(generation, now) {
            (Verdict::Replaced, notice) => {
                drop(state);
                if let Some(notice) = notice {
                    shared.report(notice);
                }
                Self::Found
            }
            (Verdict::Unchanged, _) => Self::Missing,
            (Verdict::Wait, _) => {
                let (read, wait) = SourceRead::join(shared, &mut state);
                drop(state);
                if let Some(read) = read {
                    read.launch();
                }
                Self::Wait(wait)
            }
        }
    }
}
