use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::activity::Activity;
use super::lingering::Lingering;
use super::patient::Patient;
use crate::body::GatewayBody;
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

/// Serves one connection until it ends, is idle for too long, or the gateway stops and its calls
/// are over.
pub(super) async fn serve<S>(stream: S, peer: Peer, gateway: Gateway, bounds: Bounds)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let stop = gateway.stopping();
    let calls = activity.clone();
    let service = service_fn(move |request| answer(gateway.clone(), request, peer, calls.clone()));
    let io = TokioIo::new(Patient::new(stream, bounds.write));
    let builder = builder();
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut stop = pin!(stop);
    let mut closing = false;
    loop {
        let look = next_look(&activity, &bounds, closing);
        tokio::select! {
            biased;
            result = &mut connection => {
                if let Err(error) = result {
                    tracing::debug!(%error, %peer, "a connection has failed");
                }
                return;
            }
            () = &mut stop, if !closing => {
                connection.as_mut().graceful_shutdown();
                closing = true;
            }
            () = sleep_until(look) => {
                if !is_over(&activity, &bounds, closing) {
                    continue;
                }
                // Half a head, or what is left of a farewell, holds nothing up.
                if closing {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                closing = true;
            }
        }
    }
}

async fn answer(
    mut gateway: Gateway,
    mut request: Request<Incoming>,
    peer: Peer,
    activity: Activity,
) -> Result<Response<GatewayBody>, Infallible> {
    let busy = activity.begin();
    request.extensions_mut().insert(peer);
    let mut response = gateway.call(Lingering::of(request)).await?;
    response.body_mut().hold(busy);
    Ok(response)
}

/// How long a connection that closes has for its last bytes, once it has no call.
const FAREWELL: Duration = Duration::from_millis(250);

fn patience(activity: &Activity, bounds: &Bounds, closing: bool) -> Duration {
    if closing {
        FAREWELL
    } else if activity.is_new() {
        bounds.head
    } else {
        bounds.idle
    }
}

fn is_over(activity: &Activity, bounds: &Bounds, closing: bool) -> bool {
    let patience = patience(activity, bounds, closing);
    let since = activity.idle_since();
    since.is_some_and(|since| since + patience <= clock::now())
}

/// When to look again whether it is over.
fn next_look(activity: &Activity, bounds: &Bounds, closing: bool) -> Instant {
    let patience = patience(activity, bounds, closing);
    match activity.idle_since() {
        Some(since) => since + patience,
        None => clock::now() + patience,
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
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
