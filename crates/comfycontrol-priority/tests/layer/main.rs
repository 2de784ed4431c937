//! The layer over a real limiter, under the paused clock.
//!
//! * `order`: whose turn it is: urgencies, keys, and calls that need not wait.
//! * `trouble`: tasks that do not poll, deadlines, full queues, cooldowns, errors, calls that are
//!   dropped.
//! * `types`: types that can be relied on when stacking.
//!
//! The rest is for the tests: `support` is what the first two need.

mod order;
mod support;
mod trouble;
mod types;
