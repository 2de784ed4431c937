//! Responding to what comes in on one connection.

use std::io;
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

use crate::capture::Connection;
use crate::gateway::{MAX_BODY, Next};
use crate::network::Cut;
use crate::shared::Shared;
use crate::{Body, Listener, Lost, clock, sse};

/// Serves a connection to its end, which `watcher` may bring forward.
pub(super) async fn serve(
    shared: Arc<Shared>,
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Connection,
    cut: Cut,
    watcher: Watcher,
) {
    let service = service_fn(move |request| {
        let (shared, connection, cut) = (shared.clone(), connection.clone(), cut.clone());
        async move {
            let responded = respond(&shared, &connection, request).await;
            let response = responded.inspect_err(|_| cut.make())?;
            Ok::<_, io::Error>(response.map(|body| {
                body.map_err(move |reset| {
                    cut.make();
                    reset
                })
            }))
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HTTP2_HEADERS);
    let serving = builder.serve_connection(TokioIo::new(io), service);
    // A client that breaks off is part of the game.
    let _ = watcher.watch(serving).await;
}

/// The response to one request, or the end of its connection.
async fn respond(
    shared: &Arc<Shared>,
    connection: &Connection,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let now = clock::now();
    let arrival = {
        let mut state = shared.at(now);
        state.capture.see(connection, &head);
        if connection.listener == Listener::Storage {
            return Ok(state.pipeline.respond_from_storage(now, &head));
        }
        state.pipeline.arrive(now, connection.peer.ip(), &head)
    };
    if !arrival.delay.is_zero() {
        sleep(arrival.delay).await;
    }
    let outgoing = match arrival.next {
        Next::Respond(outgoing) => outgoing,
        Next::Reset => return Err(io::Error::other(Lost::new())),
        Next::Forward(alteration) => {
            let read = Limited::new(body, MAX_BODY).collect().await;
            let now = clock::now();
            match read {
                Ok(body) => {
                    let body = body.to_bytes();
                    let mut state = shared.at(now);
                    state.pipeline.respond(now, &head, body, alteration)
                }
                Err(error) if error.is::<LengthLimitError>() => {
                    shared.at(now).pipeline.respond_too_large(now, &head)
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    };
    Ok(sse::response(shared, outgoing))
}

/// Above the bound that the edge checks, so that it is the edge that says no.
const MAX_HTTP2_HEADERS: u32 = 512 * 1024;
