use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::activity::{Activity, Busy};
use super::lingering::Lingering;
use super::served::Served;
use super::taking::{Streams, Taking};
use super::under_way::UnderWay;
use super::write_timeout::WriteTimeout;
use crate::caller::Peer;
use crate::{Gateway, clock};

/// What one connection may hold, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(60),
        }
    }
}

/// One connection, and what serves it.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) peer: Peer,
    pub(super) gateway: Gateway,
    pub(super) bounds: Bounds,
    pub(super) under_way: UnderWay,
}

impl Connection {
    /// Serves it until it ends, is idle for too long, or the gateway stops and its calls are over.
    pub(super) async fn serve<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new();
        let (served, calls) = (self.clone(), activity.clone());
        // It begins within the connection's own poll, which looks for the first one.
        let service = service_fn(move |request| served.clone().respond(request, calls.begin()));
        let io = TokioIo::new(WriteTimeout::new(stream, self.bounds.write));
        let builder = builder(&self.bounds);
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut stop = pin!(self.gateway.stopping());
        let mut phase = Phase::Open;
        loop {
            let look = next_look(&activity, &self.bounds, phase);
            let is_new = activity.is_new();
            tokio::select! {
                biased;
                result = &mut connection => {
                    if let Err(error) = result {
                        tracing::debug!(%error, peer = %self.peer, "a connection has failed");
                    }
                    return;
                }
                () = &mut stop, if phase == Phase::Open => {
                    if activity.is_new() {
                        // It would be closed before it has said anything.
                        phase = Phase::Stopping;
                        continue;
                    }
                    connection.as_mut().graceful_shutdown();
                    phase = Phase::Closing;
                }
                () = first_call(&activity), if phase == Phase::Stopping => {
                    // Who calls on and on never pauses for as long as a farewell.
                    connection.as_mut().graceful_shutdown();
                    phase = Phase::Closing;
                }
                // Its idle time may be over before that of its first head would be.
                () = first_call(&activity), if phase == Phase::Open && is_new => {}
                () = sleep_until(look) => {
                    if !is_over(&activity, &self.bounds, phase) {
                        continue;
                    }
                    // Half a head, or what is left of a farewell, holds nothing up.
                    if phase == Phase::Closing {
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                    phase = Phase::Closing;
                }
            }
        }
    }

    async fn respond(
        mut self,
        mut request: Request<Incoming>,
        busy: Busy,
    ) -> Result<Response<Served>, Infallible> {
        // What comes later does not hold the stop up.
        let begun = self.under_way.begin_unless(|| self.gateway.is_stopping());
        let is_http_1 = request.version() < Version::HTTP_2;
        request.extensions_mut().insert(self.peer);
        let mut response = self.gateway.call(Lingering::of(request)).await?;
        if is_http_1 && self.gateway.is_stopping() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        let taking = Taking::current();
        if let Some(taking) = taking.as_ref().filter(|_| !response.body().is_end_stream()) {
            taking.begun();
        }
        Ok(response.map(|body| Served {
            body,
            taking,
            busy,
            begun,
        }))
    }
}

/// Ends once there was a call, seen where the connection is polled first.
fn first_call(activity: &Activity) -> impl Future<Output = ()> {
    poll_fn(|_| match activity.is_new() {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
}

/// How far its end has come.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Phase {
    Open,
    /// The gateway stops, and there was no call yet: one is told so.
    Stopping,
    Closing,
}

/// How long a connection has for its last bytes, once it has no call, or for its first if it comes
/// while the gateway stops.
pub(super) const FAREWELL: Duration = Duration::from_millis(250);

fn idle_limit(activity: &Activity, bounds: &Bounds, phase: Phase) -> Duration {
    match phase {
        Phase::Stopping | Phase::Closing => FAREWELL,
        Phase::Open if activity.is_new() => bounds.head,
        Phase::Open => bounds.idle,
    }
}

fn is_over(activity: &Activity, bounds: &Bounds, phase: Phase) -> bool {
    let limit = idle_limit(activity, bounds, phase);
    let since = activity.idle_since();
    since.is_some_and(|since| since + limit <= clock::now())
}

/// When to look again whether it is over.
fn next_look(activity: &Activity, bounds: &Bounds, phase: Phase) -> Instant {
    let limit = idle_limit(activity, bounds, phase);
    match activity.idle_since() {
        Some(since) => since + limit,
        None => clock::now() + limit,
    }
}

fn builder(bounds: &Bounds) -> Builder<Streams> {
    let mut builder = Builder::new(Streams {
        timeout: bounds.write,
    });
    builder
        .http1()
        .timer(TokioTimer::new())
        // The connection's own watch is stricter.
        .header_read_timeout(None)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(32 * 1024)
        .max_send_buf_size(64 * 1024)
        .initial_stream_window_size(256 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}
