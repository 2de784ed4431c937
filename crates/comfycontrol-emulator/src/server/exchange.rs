//! One request and its response.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::time::{sleep, timeout};

use super::bounds::Bounds;
use super::line::Line;
use crate::capture::Connection;
use crate::gateway::{MAX_BODY, Next, OnConnection, lost};
use crate::shared::Shared;
use crate::{Body, Ending, Listener, clock, sse};

/// The response to one request, or what comes in its place.
pub(super) async fn respond(
    shared: &Arc<Shared>,
    connection: &Connection,
    line: &Line,
    bounds: Bounds,
    request: Request<Incoming>,
) -> Result<Response<Body>, Ending> {
    let (head, body) = request.into_parts();
    let by_http_1 = head.version < Version::HTTP_2;
    let now = clock::now();
    let arrival = {
        let mut state = shared.at(now);
        state.capture.see(connection, &head);
        match connection.listener {
            Listener::Storage => state.pipeline.arrive_at_storage(now, &head),
            Listener::Http | Listener::Https => {
                state.pipeline.arrive(now, connection.peer.ip(), &head)
            }
        }
    };
    if !arrival.delay.is_zero() {
        sleep(arrival.delay).await;
    }
    let mut early = false;
    let outgoing = match arrival.next {
        Next::End(ending) => return Err(ending),
        Next::Respond(outgoing) => {
            early = !http_body::Body::is_end_stream(&body);
            outgoing
        }
        Next::Forward(strike) => {
            let read = read(shared, body, bounds).await;
            if let (Read::Whole(body), Some((after, ending))) = (&read, lost(&strike)) {
                let (shared, body) = (shared.clone(), body.clone());
                let work = async move {
                    sleep(after).await;
                    let now = clock::now();
                    drop(shared.at(now).pipeline.respond(now, &head, body, strike));
                };
                if after.is_zero() {
                    work.await;
                } else {
                    // The caller that asked for it has gone by then.
                    tokio::spawn(work);
                }
                return Err(ending);
            }
            let now = clock::now();
            let mut state = shared.at(now);
            match read {
                Read::Whole(body) => state.pipeline.respond(now, &head, body, strike),
                Read::TooLarge => {
                    early = true;
                    state.pipeline.respond_too_large(now, &head)
                }
                Read::TooMany => {
                    early = true;
                    state.pipeline.respond_too_many(now, &head)
                }
                Read::Broken => return Err(Ending::Reset),
            }
        }
    };
    line.cut.linger(early && by_http_1);
    let mut response = sse::response(shared, outgoing);
    if let Some(on_connection) = response.extensions_mut().remove::<OnConnection>() {
        if by_http_1 {
            line.early_hints.send(on_connection.early_hints);
        }
        match on_connection.goes_away {
            true if by_http_1 => {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            true => line.go_away(),
            false => {}
        }
    }
    Ok(response)
}

enum Read {
    Broken,
    TooLarge,
    /// With all others that are being read, it is too much.
    TooMany,
    Whole(Bytes),
}

/// Reads a whole body.
async fn read(shared: &Shared, body: Incoming, bounds: Bounds) -> Read {
    let mut body = Limited::new(body, MAX_BODY);
    let mut reading = shared.reading();
    let mut read = Vec::new();
    loop {
        match timeout(bounds.idle_timeout, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    if !reading.take(data.len()) {
                        return Read::TooMany;
                    }
                    read.extend_from_slice(data);
                }
            }
            Ok(Some(Err(error))) if error.is::<LengthLimitError>() => return Read::TooLarge,
            Ok(Some(Err(_))) | Err(_) => return Read::Broken,
            Ok(None) => return Read::Whole(read.into()),
        }
    }
}
