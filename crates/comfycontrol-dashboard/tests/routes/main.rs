//! What the dashboard responds with, mounted in an axum application.

mod events;
mod layer;
mod metrics;
mod page;
mod ready;
mod state;
mod stopping;
mod support;
