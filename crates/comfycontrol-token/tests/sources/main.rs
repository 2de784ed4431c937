//! Each source alone: what it takes and what not, and that it neither hangs nor tells.
//!
//! * `command`: a command, which may print too much, fail, or not end.
//! * `env`: an environment variable, and a token where its name belongs.
//! * `expiring`: a source whose tokens end on a date.
//! * `file`: a token file, and all that may stand in its place.
//! * `first_of`: several sources, one after the other.
//! * `provider`: a source read by a provider before the first request.
//!
//! `support` reads a source, and writes a file.

#[cfg(unix)]
mod command;
mod env;
mod expiring;
mod file;
mod first_of;
mod provider;
mod support;
