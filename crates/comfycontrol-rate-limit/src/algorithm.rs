/// How a [`Limiter`](crate::Limiter) spends its quota, going by how the server may count.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Lets the whole quota go at once after two windows of rest, and spreads sustained load
    /// evenly: for long, N − 1 requests for each window and round trip, one each two windows if N
    /// is 1.
    ///
    /// Safe under five ways of counting, by [proof](crate::proof): fixed windows at any phase,
    /// windows from the first request, sliding logs, sliding-window counters, and token buckets
    /// that hold the whole quota.
    #[default]
    Strict,
    /// Lets the whole quota go at once, and the whole quota again one window later: for long, N
    /// requests for each window and round trip.
    ///
    /// Safe for servers known to keep an exact log or fixed windows, and for token buckets. With a
    /// quota of 1 it sends at an even pace, each request one window after the last response:
    /// `Quota::new(1, W / N)` is right for servers that take N in W but no bursts.
    SlidingLog,
}
