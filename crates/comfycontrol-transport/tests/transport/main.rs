//! Requests over real sockets on this machine.
//!
//! * `bursts`: calls that come at once to a server that no call has reached before.
//! * `certificates`: whose certificate is trusted.
//! * `churn`: callers that come and go while connections are made, fail, hang and break.
//! * `connectors`: connectors of a user's own, and TLS over what they return.
//! * `environment`: the proxy that the environment names.
//! * `failures`: connections that cannot be made, and such as break.
//! * `goodbye`: what a server says when it ends an HTTP/2 connection or stream.
//! * `heads`: how large the head of a response may be, and what may come before it.
//! * `internal`: other origins do not lead into the internal network.
//! * `lengths`: bodies are as long as is announced, in both directions.
//! * `pauses`: a connection that cannot be made while others are open.
//! * `plain_http`: plain `http` stays on this machine.
//! * `proxies`: which proxy is used, and what is told of one that does not do its work.
//! * `refusals`: an upload that is refused before it has been written.
//! * `runtimes`: a transport outlives the runtimes that it is used on.
//! * `tunnels`: what goes through a proxy: TLS, and nothing else.
//! * `unprocessed`: what the server has certainly not processed is sent again.
//! * `uploads`: an upload whose response is over before it has been written.
//! * `versions`: the version of HTTP, the connections that are kept, and what is added to a
//!   request.
//!
//! The rest is for the tests: `frames` is a server that says frame by frame what it is told to,
//! `proxy` keeps what it is asked and what it carries, `server` does with each connection as it is
//! told, `support` is what most of them need.

mod bursts;
mod certificates;
mod churn;
mod connectors;
mod environment;
mod failures;
mod frames;
mod goodbye;
mod heads;
mod internal;
mod lengths;
mod pauses;
mod plain_http;
mod proxies;
mod proxy;
mod refusals;
mod runtimes;
mod server;
mod support;
mod tunnels;
mod unprocessed;
mod uploads;
mod versions;
