//! The limiter as its users see it: by its layer and by its handle.

mod cancel;
mod cooldown;
mod dropping;
mod handle;
mod layer;
mod mocked;
mod pitfalls;
mod polls;
mod reopening;
mod slots;
mod support;
mod timer;
mod types;
mod waiting;
mod wakers;
mod watchdog;
