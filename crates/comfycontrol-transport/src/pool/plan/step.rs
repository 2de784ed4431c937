//! What is decided with, and what is decided.

use std::time::Duration;

use smallvec::SmallVec;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(in crate::pool) struct Limits {
    /// Connections that are open or being made.
    pub(in crate::pool) connections: usize,
    /// Connections that are not in use.
    pub(in crate::pool) idle: usize,
    pub(in crate::pool) idle_time: Duration,
    pub(in crate::pool) age: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::pool) enum Protocol {
    Http1,
    Http2,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::pool) struct ConnectionId(pub(super) u64);

/// Who has waited longer has the smaller one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::pool) struct CallId(pub(super) u64);

/// What is to be done now: mostly nothing, or one thing.
pub(in crate::pool) type Steps = SmallVec<[Step; 1]>;

/// One thing that is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::pool) enum Step {
    /// Gives a waiting call a connection, which others have had before if it is `reused`.
    Grant {
        call: CallId,
        connection: ConnectionId,
        reused: bool,
    },
    /// Tells a waiting call why no connection could be made.
    Fail(CallId),
    Connect(ConnectionId),
    /// Looks again then, when a pause is over.
    Wake(Instant),
    /// Lets a connection go: it ends with what is still under way on it.
    Close(ConnectionId),
}
