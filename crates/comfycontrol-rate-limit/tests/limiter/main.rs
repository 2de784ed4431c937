//! The limiter as its users see it: by its layer and by its handle.
//!
//! * `algorithms`: how many requests leave in any window, under both algorithms.
//! * `cancellation`: calls that are dropped, fail or panic, before and after their request has
//!   left.
//! * `cooldown`: when a throttled response closes the gate, and for how long.
//! * `crowd`: thousands of calls at once: few polls, arrival order, no call starved.
//! * `forecast`: when how many requests could leave.
//! * `handle`: the limiter without tower: permits, weak handles, snapshots, manual pauses.
//! * `hold`: permits that are held too long, or never given back.
//! * `layer`: the contract of a tower layer: readiness, and the service below.
//! * `middleware`: tower's own middleware around the layer.
//! * `progress`: a call that is followed: its place, when it is its turn, that it leaves.
//! * `quota`: which quotas there are, and what a change of the quota does.
//! * `readiness`: services that take long to become ready.
//! * `reopening`: what comes of the first request after a cooldown.
//! * `runtimes`: several runtimes at once, and one that has gone.
//! * `slots`: when a slot comes back, and to whom it goes.
//! * `timer`: what keeps the time: runtimes that are gone or idle, clocks that jump.
//! * `types`: types, errors and responses pass through as they are.
//! * `waiting`: which calls may wait, how long, and what a rejected call is told.
//! * `wakers`: foreign code that is run by the limiter, and comes back in.
//!
//! The rest is for the tests: `mocked` is a service that does as it is told, `traffic` are many
//! calls at once, `watchdog` ends tests that hang, `support` is what most of them need.

mod algorithms;
mod cancellation;
mod cooldown;
mod crowd;
mod forecast;
mod handle;
mod hold;
mod layer;
mod middleware;
mod mocked;
mod progress;
mod quota;
mod readiness;
mod reopening;
mod runtimes;
mod slots;
mod support;
mod timer;
mod traffic;
mod types;
mod waiting;
mod wakers;
mod watchdog;
