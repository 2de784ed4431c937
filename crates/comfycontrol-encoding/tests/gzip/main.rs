//! Bodies in gzip, as a client reads them.
//!
//! * `frames`: however a body is cut into frames, what comes out is what a decoder of whole files
//!   reads.
//! * `members`: what the standard of gzip allows, and what it does not.
//! * `streams`: pieces come out as they come in, and bounds count what comes out.
//!
//! `support` is what all of them need.

mod frames;
mod members;
mod streams;
mod support;
