//! The client against servers on real sockets: what errors mean, how often requests are repeated, where the
//! token goes, and how it is rotated.

mod connecting;
mod errors;
mod examples;
mod origins;
mod raw;
mod repeats;
mod rotation;
mod support;
