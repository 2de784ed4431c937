//! A connection, from its first byte to its end.

use std::pin::pin;
use std::sync::Arc;

use http::Response;
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::bounds::Bounds;
use super::early_hints::Hinting;
use super::ended::Ended;
use super::exchange::respond;
use super::line::{Line, Phase};
use crate::capture::Connection;
use crate::clock;
use crate::log::LoggedResponse;
use crate::shared::Shared;

/// What a connection is served with.
#[derive(Clone)]
pub(super) struct Serve {
    pub(super) shared: Arc<Shared>,
    pub(super) bounds: Bounds,
    /// Whether the emulator has ended.
    pub(super) stopped: watch::Receiver<bool>,
}

impl Serve {
    /// Serves a connection to its end; its first head must have come by `deadline`.
    pub(super) async fn run(
        self,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        connection: Connection,
        line: Line,
        deadline: Instant,
    ) {
        let Self {
            shared,
            bounds,
            mut stopped,
        } = self;
        let phase = line.watch();
        let io = Hinting::new(io, line.early_hints.clone());
        let service = service_fn(move |request| {
            let (shared, connection, line) = (shared.clone(), connection.clone(), line.clone());
            async move {
                let under_way = line.begin();
                let seen = shared.log.is_watched();
                let seen = seen.then(|| LoggedResponse::new(connection.listener, &request));
                let responded = respond(&shared, &connection, &line, bounds, request).await;
                if let Some(mut seen) = seen {
                    seen.status = responded.as_ref().ok().map(Response::status);
                    shared.log.tell(seen);
                }
                let response = responded.map_err(|ending| Ended::new(ending, &line.cut))?;
                Ok::<_, Ended>(response.map(|body| {
                    body.map_err(move |reset| {
                        let _ = &under_way;
                        Ended::new(reset.ending(), &line.cut)
                    })
                }))
            }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.idle_timeout);
        builder
            .http2()
            .timer(TokioTimer::new())
            // Of a peer that is gone, nothing is heard.
            .keep_alive_interval(bounds.idle_timeout)
            .keep_alive_timeout(bounds.idle_timeout)
            .max_header_list_size(MAX_HTTP2_HEADERS);
        // Not watched by hyper-util's `server::graceful`, which takes the connection in: one that
        // is idle needs `graceful_shutdown` called on it here.
        let mut serving = pin!(builder.serve_connection(TokioIo::new(io), service));
        let mut ends = pin!(end(phase, bounds, deadline));
        let mut ending = false;
        loop {
            tokio::select! {
                // A client that breaks off is part of the game.
                _ = serving.as_mut() => return,
                end = ends.as_mut(), if !ending => match end {
                    End::Silent => return,
                    End::Graceful => {}
                },
                // An emulator that has gone has stopped too.
                _ = stopped.wait_for(|stopped| *stopped), if !ending => {}
            }
            serving.as_mut().graceful_shutdown();
            ending = true;
        }
    }
}

/// How a connection ends that neither its client nor the emulator ends.
enum End {
    /// Requests under way may finish.
    Graceful,
    /// There is nothing to wait for.
    Silent,
}

/// Waits until a connection is to end: it was silent or idle for too long, or takes no
/// further request.
async fn end(mut phase: watch::Receiver<Phase>, bounds: Bounds, deadline: Instant) -> End {
    tokio::select! {
        _ = phase.wait_for(|phase| phase.spoken) => {}
        () = sleep_until(deadline) => return End::Silent,
    }
    loop {
        let now = *phase.borrow_and_update();
        if now.goes_away {
            return End::Graceful;
        }
        let idle = clock::now().checked_add(bounds.idle_timeout);
        let idle = async {
            match idle {
                Some(idle) if now.under_way == 0 => sleep_until(idle).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = phase.changed() => if changed.is_err() {
                std::future::pending::<()>().await;
            },
            () = idle => return End::Graceful,
        }
    }
}

/// Above the bound that the edge checks, so that it is the edge that says no.
const MAX_HTTP2_HEADERS: u32 = 512 * 1024;
