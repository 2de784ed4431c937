//! The store as other processes see it, and as what happens to files leaves it.
//!
//! * `damage`: files that were cut, overwritten, removed, put back, or are something else.
//! * `members`: which files of members are removed, and what that says of who is gone.
//! * `names`: the file that all programs of a user find.
//! * `processes`: processes that are killed, stopped, or out of disk.
//! * `register`: what every store must do.
//!
//! The rest is for the tests: `support` is what all of them need.

mod damage;
mod members;
mod names;
mod processes;
mod register;
mod support;
