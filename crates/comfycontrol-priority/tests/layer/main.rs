//! The layer over a real limiter, under the paused clock.

mod order;
mod support;
mod trouble;
