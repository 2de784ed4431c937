//! The gateway on real sockets, before the emulator over TLS or a server that says what it is told
//! to.
//!
//! * `echoes`: errors of the API that say the gateway's token back.
//! * `heads`: what passes and what stops, both ways.
//! * `hostile`: heads and targets that are refused, while others are served.
//! * `hostile_over_http_2`: the same over HTTP/2, and floods of frames.
//! * `leaving`: callers that hang up while they wait.
//! * `listening`: its own TLS, and what is wrong with an address or a file.
//! * `order`: each caller's calls in the order in which they came.
//! * `over_http_2`: bodies that are refused or not taken, while their connection goes on.
//! * `refused`: bodies that are too large, waits of no time, and what records say of it.
//! * `slow`: callers that send or take too slowly, or give up in a loop.
//! * `stopping`: a stop that nothing holds up.
//! * `turns`: one queue, in which each caller has turns; what callers are told of it.
//! * `entry`: who may call.

#![cfg(feature = "tls")]

mod echoes;
mod entry;
mod heads;
mod hostile;
mod hostile_over_http_2;
mod leaving;
mod listening;
mod order;
mod over_http_2;
mod refused;
mod slow;
mod stopping;
mod support;
mod turns;
