//! The pure edge, told the time and seen from outside: what needs no service and no socket.
//!
//! * `limit`: how many requests are admitted, by which counter, and what follows one too many.
//! * `tokens`: whose requests are admitted.
//!
//! `run` is an edge and the requests that are put to it.

mod limit;
mod run;
mod tokens;
