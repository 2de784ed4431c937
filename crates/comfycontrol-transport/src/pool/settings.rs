//! How connections are kept.

use std::time::Duration;

use super::plan::Limits;

#[derive(Clone, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) connections: usize,
    pub(crate) idle: usize,
    pub(crate) idle_time: Duration,
    pub(crate) age: Option<Duration>,
    pub(crate) ping_every: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) unread: u32,
}

impl PoolSettings {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            connections: self.connections.max(1),
            idle: self.idle,
            idle_time: self.idle_time,
            age: self.age,
        }
    }

    /// The window of a connection: what may be held unread.
    pub(super) fn window(&self) -> u32 {
        self.unread.clamp(MIN_WINDOW, MAX_WINDOW)
    }

    /// The window of a stream: one unread response leaves room for the ends of others,
    /// and one that is read fills a long link.
    pub(super) fn stream_window(&self) -> u32 {
        self.window() / 16 * 15
    }
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            connections: 8,
            idle: 8,
            // Shorter than what NATs and the edge forget in.
            idle_time: Duration::from_secs(60),
            age: None,
            ping_every: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(10),
            unread: 32 << 20,
        }
    }
}

/// Which a connection has at least (RFC 9113 §6.9.2).
const MIN_WINDOW: u32 = 65_535;
/// RFC 9113 §6.9.1.
const MAX_WINDOW: u32 = u32::MAX >> 1;
