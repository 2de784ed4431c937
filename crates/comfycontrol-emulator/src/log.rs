//! What the listeners responded, one after the other, for watchers.

use http::{Method, Request, StatusCode};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::Listener;

/// One request that a listener has seen, and the status of its response.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LoggedResponse {
    /// The listener that the request came by.
    pub listener: Listener,
    /// The method of the request.
    pub method: Method,
    /// The path of the request, without its query, which may hold a signature.
    pub path: String,
    /// The status of the response; `None` where a fault ended the connection or the stream
    /// instead.
    pub status: Option<StatusCode>,
}

impl LoggedResponse {
    pub(crate) fn new<B>(listener: Listener, request: &Request<B>) -> Self {
        Self {
            listener,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            status: None,
        }
    }
}

/// Tells of each response that a running emulator sends, from when it was made on.
///
/// Made by [`EdgeHandle::log`](crate::EdgeHandle::log).
#[derive(Debug)]
pub struct ResponseLog {
    receiver: broadcast::Receiver<LoggedResponse>,
}

impl ResponseLog {
    /// The next one, when its head is sent; `None` once the emulator has gone. Of more than 1,024
    /// that are not taken, the first are forgotten.
    pub async fn next(&mut self) -> Option<LoggedResponse> {
        loop {
            match self.receiver.recv().await {
                Ok(response) => return Some(response),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Tells the watchers; costs next to nothing if there are none.
#[derive(Debug)]
pub(crate) struct Log {
    sender: broadcast::Sender<LoggedResponse>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let (sender, _) = broadcast::channel(1024);
        Self { sender }
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    pub(crate) fn tell(&self, response: LoggedResponse) {
        // There may be no watcher any more.
        let _ = self.sender.send(response);
    }

    pub(crate) fn watch(&self) -> ResponseLog {
        ResponseLog {
            receiver: self.sender.subscribe(),
        }
    }
}
