use std::collections::VecDeque;

/// When requests could be counted last, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    /// No two at the same time.
    list: VecDeque<Stamp>,
    /// None of them is later.
    latest: u64,
    /// How many requests were stamped before the oldest stamp, and how many in all.
    start: u64,
    end: u64,
    /// The newest stamp that was forgotten, until it is taken.
    forgotten: Option<u64>,
}

/// The requests that got their stamp `at` once: those from number `before` up to the next stamp's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) at: u64,
    pub(super) before: u64,
}

impl Stamps {
    pub(super) fn reserve(&mut self, room: usize) {
        self.list.reserve(room.saturating_sub(self.list.len()));
    }

    /// How many requests are remembered.
    #[inline]
    pub(super) fn requests(&self) -> u64 {
        self.end - self.start
    }

    /// The number of the oldest request that is remembered.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The number after the newest request's.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The newest stamp that was forgotten since this was asked last.
    pub(super) fn take_forgotten(&mut self) -> Option<u64> {
        self.forgotten.take()
    }

    pub(super) fn as_slice(&mut self) -> &[Stamp] {
        self.list.make_contiguous()
    }

    #[inline]
    pub(super) fn insert(&mut self, at: u64, count: u64) {
        // Nearly always the newest; only a lingering request lies further ahead.
        if at > self.latest {
            self.latest = at;
            let before = self.end;
            self.list.push_back(Stamp { at, before });
        } else {
            self.insert_among(at, count);
        }
        self.end += count;
    }

    #[cold]
    fn insert_among(&mut self, at: u64, count: u64) {
        let index = self.list.partition_point(|stamp| stamp.at < at);
        if self.list.get(index).is_none_or(|next| next.at > at) {
            let before = self.before(index);
            self.list.insert(index, Stamp { at, before });
        }
        for later in self.list.range_mut(index + 1..) {
            later.before += count;
        }
    }

    /// Takes `count` requests of `at` away; `false` if they were forgotten or overwritten.
    pub(super) fn remove(&mut self, at: u64, count: u64) -> bool {
        let Ok(index) = self.list.binary_search_by_key(&at, |stamp| stamp.at) else {
            return false;
        };
        self.end -= count;
        for later in self.list.range_mut(index + 1..) {
            later.before -= count;
        }
        if self.before(index) == self.before(index + 1) {
            self.list.remove(index);
            self.latest = self.list.back().map_or(0, |stamp| stamp.at);
        }
        true
    }

    /// Takes away all up to `at`; returns how many requests of those have a stamp from `since` on.
    /// The others are forgotten.
    pub(super) fn remove_until(&mut self, at: u64, since: u64) -> u64 {
        self.forget(since);
        let later = self.list.partition_point(|stamp| stamp.at <= at);
        let count = self.before(later) - self.start;
        self.start = self.before(later);
        self.list.drain(..later);
        count
    }

    /// Forgets all before `at`; after a long rest in one step.
    pub(super) fn forget(&mut self, at: u64) {
        let newest = self.list.back().map(|stamp| stamp.at);
        if newest.is_some_and(|newest| newest < at) {
            self.forgotten = newest;
            self.list.clear();
        }
        while let Some(stamp) = self.list.front()
            && stamp.at < at
        {
            self.forgotten = Some(stamp.at);
            self.list.pop_front();
        }
        self.start = self.before(0);
    }

    /// How many requests were stamped before those of this stamp.
    fn before(&self, index: usize) -> u64 {
        self.list.get(index).map_or(self.end, |stamp| stamp.before)
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.list.capacity()
    }
}
