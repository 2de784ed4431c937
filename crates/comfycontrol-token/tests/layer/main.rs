//! The layer over services of many kinds. A test goes to the file that says what it varies.
//!
//! The request:
//! * `destination`: which request gets the token, seen from inside and from outside of the layer.
//! * `redirect`: a redirect layer outside: the token reaches the configured origin only.
//!
//! The source:
//! * `async_source`: one that is read concurrently with the requests.
//! * `interruptions`: whatever dies meanwhile: the call, the runtime, the source.
//! * `preload`: the first reading, asked for before there is a request.
//! * `read_timeout`: one whose reading never ends.
//! * `reading`: when it is read: alone, and concurrently with the requests.
//!
//! The response:
//! * `unauthorized`: what comes of a 401.
//!
//! The token:
//! * `broken_file`: its file breaks while it is in use.
//! * `resend`: `ResendReplaced` outside of the layer, and what is not sent again.
//! * `rotation`: it is replaced in every way under load.
//!
//! What holds of them all goes to `contract`.
//!
//! The rest is for the tests: `script` is a source that gives one result after the other, `vault`
//! one that is read without blocking, and `results` what both give; `stage` is a server that knows
//! which tokens are valid, and `support` is what most of them need.

mod async_source;
#[cfg(feature = "retry")]
mod broken_file;
mod contract;
mod destination;
mod interruptions;
mod preload;
mod read_timeout;
mod reading;
mod redirect;
#[cfg(feature = "retry")]
mod resend;
mod results;
#[cfg(feature = "retry")]
mod rotation;
mod script;
#[cfg(feature = "retry")]
mod stage;
mod support;
mod unauthorized;
mod vault;
