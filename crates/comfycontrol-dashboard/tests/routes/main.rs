//! What the dashboard responds with, mounted in an axum application.
//!
//! * `events`: the streams of events: how often, how many, and how they end.
//! * `layer`: what the layer records of a call.
//! * `metrics`: the numbers in Prometheus' text form.
//! * `page`: the page itself, and what it may load.
//! * `ready`: health and readiness.
//! * `state`: the state, as the page is told.
//! * `stopping`: a server that stops while pages are live.
//!
//! The rest is for the tests: `support` is what most of them need.

mod events;
mod layer;
mod metrics;
mod page;
mod ready;
mod state;
mod stopping;
mod support;
