//! The layers over services and bodies of all kinds, under a paused clock.
//!
//! * `attempt`: the time of one attempt.
//! * `body`: the body of a response under a total timeout.
//! * `dispatched`: whether a request that has timed out had been sent.
//! * `progress`: the body of a request under an attempt timeout.
//! * `request`: timeouts in the extensions of a request.
//! * `stacks`: each of tower's own layers outside and inside, and the same promises of all.
//! * `total`: the time of a whole call.
//! * `upload`: what the progress of a request body does to the time of its attempt.
//!
//! `support` is what most of them need.

mod attempt;
mod body;
mod dispatched;
mod progress;
mod request;
mod stacks;
mod support;
mod total;
mod upload;
