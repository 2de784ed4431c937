//! The pool of connections: hyper-util's client, with keep-alive.

use std::time::Duration;

use bytes::Bytes;
use comfycontrol_core::BoxError;
use http_body::Body;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::head::MAX_HEAD_OF_H2;

pub(crate) fn pooled<C, B>(connector: C) -> Client<C, B>
where
    C: Connect + Clone,
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    Client::builder(TokioExecutor::new())
        // Without the first, HTTP/2 keep-alive panics; without the second, idle connections
        // are closed only when the pool is next used.
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_max_header_list_size(MAX_HEAD_OF_H2)
        .build(connector)
}

/// Shorter than what NATs and the edge forget in.
const POOL_IDLE: Duration = Duration::from_secs(60);
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
