use std::time::Duration;

/// The least time between two readings in use, also after a failed one.
pub(crate) const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The most time between two readings in use.
pub(crate) const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
