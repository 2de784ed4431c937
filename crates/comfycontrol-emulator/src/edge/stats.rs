//! What an edge has seen and decided, in numbers.

/// Counts the requests that an edge has admitted and throttled, over all addresses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    pub(super) requests: u64,
    pub(super) counted: u64,
    pub(super) throttled: u64,
    pub(super) blocks: u64,
    pub(super) worst: u128,
}

impl Stats {
    /// How many requests arrived.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Requests that went into a counter, at once or late; none when there is no limit.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Requests that got a 429 by the limit.
    pub fn throttled(&self) -> u64 {
        self.throttled
    }

    /// Blocks that began; an extended one is the same one.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The highest count, estimate or fill a decision was made on, the request itself
    /// included, in 1/1000 of a request, rounded up.
    ///
    /// Above `1000·N` exactly when some request exceeded the limit. Requests
    /// during a block are not weighed.
    pub fn worst(&self) -> u64 {
        u64::try_from(self.worst).unwrap_or(u64::MAX)
    }
}
