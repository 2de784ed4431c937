//! The emulator as a tower service, for a paused clock.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_service::Service;

use crate::gateway::{MAX_BODY, Next, Outgoing, Strike, lost};
use crate::network::{Departure, Ticket};
use crate::shared::{self, Shared};
use crate::{Body, EdgeHandle, FaultHandle, Lost, TokenStore, Transit, clock, sse};

/// A tower service in place of the transport: the API and its edge behind an emulated network.
///
/// A request is dispatched by `call`. From then on it travels by itself: it arrives and is
/// counted when its [`Transit`] says, also if the response future is dropped at once.
/// Decisions are made as of the arrival, in the order of arrivals. The body of a request
/// is read by the response future when the response is due; a request that has a body and
/// whose future is dropped is counted, but never reaches the API.
///
/// Time is tokio's: run it under a paused clock. See the [crate docs](crate) for an example.
///
/// # Clones
///
/// Clones share the edge, the API, the network and the numbering of requests.
#[derive(Clone, Debug)]
pub struct EdgeService {
    shared: Arc<Shared>,
    serial: Arc<AtomicU64>,
    transit: Transit,
    ip: IpAddr,
}

impl EdgeService {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            serial: Arc::default(),
            transit: Transit::default(),
            ip: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// Sets the network between this service and the edge; none by default.
    #[must_use]
    pub fn transit(self, transit: Transit) -> Self {
        Self { transit, ..self }
    }

    /// Sets the address that requests come from; `127.0.0.1` by default.
    #[must_use]
    pub fn ip(self, ip: impl Into<IpAddr>) -> Self {
        Self {
            ip: ip.into(),
            ..self
        }
    }

    /// A handle to the edge: its statistics and settings.
    pub fn edge(&self) -> EdgeHandle {
        EdgeHandle::new(self.shared.clone())
    }

    /// A handle to the tokens of the emulated account.
    pub fn tokens(&self) -> TokenStore {
        TokenStore::new(self.shared.clone())
    }

    /// A handle to the faults in force.
    pub fn faults(&self) -> FaultHandle {
        FaultHandle::new(self.shared.clone())
    }
}

impl<B> Service<Request<B>> for EdgeService
where
    B: http_body::Body,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ResponseFuture<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let trip = self
            .transit
            .trip(self.serial.fetch_add(1, Ordering::Relaxed));
        let (head, body) = request.into_parts();
        let departure = Departure {
            ip: self.ip,
            head,
            has_body: !body.is_end_stream(),
        };

        let now = clock::now();
        let mut state = self.shared.at(now);
        let ticket = state.flights.dispatch(now + trip.up, departure);
        drop(state);
        ResponseFuture {
            waiting: Waiting {
                shared: self.shared.clone(),
                ticket: Some(ticket),
            },
            due: now + trip.lost_after.unwrap_or(trip.up + trip.down),
            lost: trip.lost_after.is_some(),
            sleep: None,
            landed: None,
            body,
            read: BytesMut::new(),
        }
    }
}

pin_project! {
    /// Response future of [`EdgeService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<B> {
        waiting: Waiting,
        due: Instant,
        lost: bool,
        #[pin]
        sleep: Option<Sleep>,
        landed: Option<Landed>,
        #[pin]
        body: B,
        read: BytesMut,
    }
}

enum Landed {
    Responded(Option<Outgoing>),
    Open(Box<Parts>, Strike),
    Reset,
}

/// Tells the network when no caller waits for a flight any more.
#[derive(Debug)]
struct Waiting {
    shared: Arc<Shared>,
    ticket: Option<Ticket>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            // Not landed first: a drop must not need a runtime's clock.
            self.shared.unlanded().flights.abandon(ticket);
        }
    }
}

impl<B> Future for ResponseFuture<B>
where
    B: http_body::Body,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let now = clock::now();
            if now < *this.due {
                if this.sleep.is_none() {
                    this.sleep.set(Some(sleep_until(*this.due)));
                }
                let sleep = this.sleep.as_mut().as_pin_mut().expect("just set");
                ready!(sleep.poll(cx));
                this.sleep.set(None);
                continue;
            }
            if *this.lost {
                return Poll::Ready(Err(Lost::new().into()));
            }
            match this.landed {
                None => {
                    let ticket = this.waiting.ticket.expect("polled after completion");
                    let landed = this.waiting.shared.at(now).flights.collect(ticket);
                    let Some(shared::Landed { arrival, head }) = landed else {
                        unreachable!("a response is never due before its request has arrived");
                    };
                    this.waiting.ticket = None;
                    *this.due = now + arrival.delay;
                    *this.landed = Some(match (arrival.next, head) {
                        (Next::Respond(outgoing), _) => Landed::Responded(Some(outgoing)),
                        (Next::Forward(strike), Some(head)) => Landed::Open(head, strike),
                        (Next::Forward(_) | Next::End(_), _) => Landed::Reset,
                    });
                }
                Some(Landed::Responded(outgoing)) => {
                    let outgoing = outgoing.take().expect("polled after completion");
                    let response = sse::response(&this.waiting.shared, outgoing);
                    return Poll::Ready(Ok(response));
                }
                Some(Landed::Reset) => return Poll::Ready(Err(Lost::new().into())),
                Some(Landed::Open(head, strike)) => {
                    let Some(body) = ready!(poll_read(this.body, this.read, cx)) else {
                        return Poll::Ready(Err(Lost::new().into()));
                    };
                    let shared = &this.waiting.shared;
                    let mut state = shared.at(now);
                    let outgoing = if body.len() > MAX_BODY {
                        state.pipeline.respond_too_large(now, head)
                    } else {
                        state.pipeline.respond(now, head, body, strike.clone())
                    };
                    drop(state);
                    if lost(strike).is_some() {
                        return Poll::Ready(Err(Lost::new().into()));
                    }
                    return Poll::Ready(Ok(sse::response(shared, outgoing)));
                }
            }
        }
    }
}

impl<B> fmt::Debug for ResponseFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("due", &self.due)
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}

/// Reads a whole body, or a little more than the API takes; none if it breaks off.
fn poll_read<B: http_body::Body>(
    mut body: Pin<&mut B>,
    read: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<Option<Bytes>> {
    use bytes::{Buf, BufMut};
    while read.len() <= MAX_BODY {
        match ready!(body.as_mut().poll_frame(cx)) {
            None => break,
            Some(Err(_)) => return Poll::Ready(None),
            Some(Ok(frame)) => {
                if let Ok(mut data) = frame.into_data() {
                    while data.has_remaining() {
                        let chunk = data.chunk();
                        read.put_slice(chunk);
                        let taken = chunk.len();
                        data.advance(taken);
                    }
                }
            }
        }
    }
    Poll::Ready(Some(std::mem::take(read).freeze()))
}

type BoxError = Box<dyn Error + Send + Sync>;
