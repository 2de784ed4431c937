//! The emulator over real sockets on loopback: what a client sees of the server.
//!
//! * `capture`: what is kept of requests, and what is shown of it.
//! * `faults`: what each fault looks like to a client.
//! * `limits`: what is too much, in number or in size.
//! * `router`: paths and methods that lead nowhere.
//! * `runners`: runners: made, shown and listed in pages.
//! * `runs`: workflows: uploaded, followed, cancelled, and their outputs fetched.
//! * `shapes`: what each shape of response looks like to a client.
//! * `shutdown`: the end of an emulator.
//! * `templates`: templates: made, shown and listed.
//! * `tls`: TLS, its certificates, and the version of HTTP that is agreed on.
//! * `tokens`: who is let in, and what the others are told.
//!
//! `client` is the barest of clients.

mod capture;
mod client;
mod faults;
mod limits;
mod router;
mod runners;
mod runs;
mod shapes;
mod shutdown;
mod templates;
mod tls;
mod tokens;
