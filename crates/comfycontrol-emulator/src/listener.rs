//! Accepting connections and answering what comes in on them.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::capture::Connection;
use crate::routes::storage;
use crate::shared::{LONGEST_BODY, Next, Shared};
use crate::wire::{Cut, Wire};
use crate::{Body, Listener, Lost, clock};

/// What all listeners of one emulator have in common.
#[derive(Clone)]
pub(crate) struct Accepting {
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
    connections: usize,
    serial: Arc<AtomicU64>,
}

impl Accepting {
    pub(crate) fn new(
        shared: Arc<Shared>,
        stopped: watch::Receiver<bool>,
        connections: usize,
    ) -> Self {
        Self {
            shared,
            stopped,
            connections: connections.clamp(1, Semaphore::MAX_PERMITS),
            serial: Arc::default(),
        }
    }

    /// Accepts connections until told to stop.
    pub(crate) async fn run(
        mut self,
        listener: TcpListener,
        kind: Listener,
        acceptor: Option<TlsAcceptor>,
    ) {
        let permits = Arc::new(Semaphore::new(self.connections));
        let mut open = JoinSet::new();
        loop {
            let accepted = async {
                let permit = permits.clone().acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                accepted = accepted => accepted,
                () = self.stopped() => break,
            };
            while open.try_join_next().is_some() {}
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, most likely: trying again at once would spin.
                sleep(Duration::from_millis(10)).await;
                continue;
            };
            let (this, acceptor) = (self.clone(), acceptor.clone());
            open.spawn(async move {
                this.connection(stream, peer, kind, acceptor).await;
                drop(permit);
            });
        }
        drop(listener);
        let finished = async { while open.join_next().await.is_some() {} };
        // Those that have not finished by then end with the set.
        let _ = timeout(GRACE, finished).await;
    }

    async fn stopped(&mut self) {
        // An emulator that has gone has stopped too.
        let _ = self.stopped.wait_for(|stopped| *stopped).await;
    }

    async fn connection(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        listener: Listener,
        acceptor: Option<TlsAcceptor>,
    ) {
        // Small answers should not wait for acknowledgements; without it they only come later.
        let _ = stream.set_nodelay(true);
        let cut = Cut::default();
        let wire = Wire::new(stream, cut.clone());
        let mut connection = Connection {
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            listener,
            peer,
            server_name: None,
            alpn: None,
        };
        let Some(acceptor) = acceptor else {
            return self.serve(wire, connection, cut).await;
        };
        if let Ok(Ok(tls)) = timeout(HANDSHAKE, acceptor.accept(wire)).await {
            let session = tls.get_ref().1;
            connection.server_name = session.server_name().map(str::to_owned);
            connection.alpn = session
                .alpn_protocol()
                .map(|protocol| String::from_utf8_lossy(protocol).into_owned());
            self.serve(tls, connection, cut).await;
        }
    }

    async fn serve(
        mut self,
        io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        connection: Connection,
        cut: Cut,
    ) {
        let shared = self.shared.clone();
        let service = service_fn(move |request| {
            let (shared, connection, cut) = (shared.clone(), connection.clone(), cut.clone());
            async move {
                let answered = answer(&shared, &connection, request).await;
                let response = answered.inspect_err(|_| cut.make())?;
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
        let h2_headers = 512 * 1024;
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(h2_headers);
        let mut serving = pin!(builder.serve_connection(TokioIo::new(io), service));
        // A client that breaks off is part of the game.
        let _ = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.stopped() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
    }
}

/// The answer to one request, or the end of its connection.
async fn answer(
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
            let exchange = state.exchange(now, &head);
            let clocks = state.clocks(now);
            return Ok(match &state.api {
                Some(api) => storage::answer(api, clocks, &head, &exchange),
                None => Response::new(Body::empty()),
            });
        }
        state.arrive(now, connection.peer.ip(), &head)
    };
    if !arrival.delay.is_zero() {
        sleep(arrival.delay).await;
    }
    match arrival.next {
        Next::Answer(response) => Ok(response),
        Next::Reset => Err(io::Error::other(Lost::new())),
        Next::Forward(alteration) => {
            let read = Limited::new(body, LONGEST_BODY).collect().await;
            let now = clock::now();
            match read {
                Ok(body) => {
                    let body = body.to_bytes();
                    Ok(shared.at(now).answer(shared, now, &head, body, alteration))
                }
                Err(error) if error.is::<LengthLimitError>() => {
                    Ok(shared.at(now).too_large(now, &head))
                }
                Err(error) => Err(io::Error::other(error)),
            }
        }
    }
}

const HANDSHAKE: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(1);
