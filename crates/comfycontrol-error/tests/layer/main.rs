//! The layer as its users see it: a service behind it that does as it is told, a paused clock
//! around it.
//!
//! * `bodies`: bodies that break off, are not there, or are dropped.
//! * `cap`: of an error's body so much is read and no more.
//! * `inner_service`: what comes from the service below is kept.
//! * `success`: what is called a success passes as it is.
//! * `time_limit`: an error's body is waited for so long and no longer.
//! * `types`: types and traits that can be relied on when stacking.
//!
//! `support` is what most of them need.

mod bodies;
mod cap;
mod inner_service;
mod success;
mod support;
mod time_limit;
mod types;
