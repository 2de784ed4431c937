//! What other rate limiters got wrong, one by one: a test each, or the reason why there is none.

mod cancellation;
mod concurrency;
mod configuration;
mod cooldown;
mod support;
mod time;
mod tower_contract;
mod window;
