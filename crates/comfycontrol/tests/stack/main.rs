//! The whole stack over a mock transport, under a paused clock.

mod limits;
mod requests;
mod responses;
mod retries;
mod service;
mod support;
mod timeouts;
