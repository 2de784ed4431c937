use std::collections::BTreeMap;

use comfycontrol_priority::Snapshot;
use serde::Serialize;

use crate::records::shown;

/// Who waits for a turn.
#[derive(Debug, Serialize)]
pub(crate) struct Queue {
    queued: usize,
    rejected: u64,
    /// Each caller, and how many of its calls wait; the most first.
    callers: Vec<(String, usize)>,
    /// Those that have no name.
    unnamed: usize,
    /// Those of further callers.
    others: usize,
}

impl Queue {
    /// How many lines of the queue are looked at.
    pub(crate) const LINES: usize = 200;

    pub(crate) fn of(seen: &Snapshot) -> Self {
        let (mut callers, mut unnamed, mut named) = (BTreeMap::new(), 0, 0);
        for (priority, waiting) in seen.lines() {
            match priority.key() {
                Some(key) => {
                    *callers.entry(shown(key.as_str())).or_default() += waiting;
                    named += waiting;
                }
                None => unnamed += waiting,
            }
        }
        let mut callers: Vec<_> = callers.into_iter().collect();
        callers.sort_by_key(|(_, waiting)| std::cmp::Reverse(*waiting));
        Self {
            queued: seen.queued(),
            rejected: seen.rejected(),
            callers,
            unnamed,
            others: seen.queued().saturating_sub(unnamed + named),
        }
    }
}
