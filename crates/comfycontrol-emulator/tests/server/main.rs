//! The emulator over real sockets on loopback: what a client sees of the server.
//!
//! * `capture`: what is kept of requests, and what is shown of it.
//! * `codings`: content codings, asked for or not.
//! * `endings`: responses that end early, frame by frame.
//! * `faults`: what each fault looks like to a client.
//! * `heads`: heads that are large, and heads that come before the head.
//! * `limits`: what is too much, in number or in size.
//! * `lists`: lists that change while they are read, and that are not what they say.
//! * `ports`: the ports that it listens on.
//! * `router`: paths and methods that lead nowhere.
//! * `runners`: runners: made, shown and listed in pages.
//! * `runs`: workflows: uploaded, followed, cancelled, and their outputs fetched.
//! * `shapes`: what each shape of response looks like to a client.
//! * `shutdown`: the end of an emulator.
//! * `storage`: stored files, whole and in ranges.
//! * `streams`: event streams, byte by byte.
//! * `templates`: templates: made, shown and listed.
//! * `tls`: TLS, its certificates, and the version of HTTP that is agreed on.
//! * `tokens`: which requests are let in, and what the others are told.
//!
//! `client` is the barest of clients; `h2` and `raw` show the frames and the bytes.

mod capture;
mod client;
mod codings;
mod endings;
mod faults;
mod h2;
mod heads;
mod limits;
mod lists;
mod ports;
mod raw;
mod router;
mod runners;
mod runs;
mod shapes;
mod shutdown;
mod storage;
mod streams;
mod templates;
mod tls;
mod tokens;
