//! The client against servers on real sockets.
//!
//! * `broken_bodies`: response bodies that break off, and are asked for again.
//! * `codings`: bodies that are encoded, as was asked for and otherwise.
//! * `connecting`: connections that fail while they are made.
//! * `error_bodies`: bodies of errors that take their time, break off, or come as a success.
//! * `errors`: what each of the `examples` of an error means.
//! * `framing`: messages that are not whole, or cannot be read, and clients that outlive runtimes.
//! * `origins`: where the token goes, and where it does not.
//! * `own_errors`: what the emulated API and its limit say of their own accord.
//! * `repeats`: how often a request is sent again, as the guide's table says.
//! * `rotation`: a running client is given another token.
//!
//! The rest is for the tests: `raw` is a server that says what it is told to, byte for byte,
//! `refusing` one that refuses every stream, and `support` is what most of them need.

mod broken_bodies;
#[cfg(feature = "gzip")]
mod codings;
mod connecting;
mod error_bodies;
mod errors;
mod examples;
mod framing;
mod origins;
mod own_errors;
mod raw;
mod refusing;
mod repeats;
mod rotation;
mod support;
