//! Following a workflow until it has ended.

mod update;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use comfycontrol::{BodyFailed, Client, Error, ErrorKind, Timeouts};
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Events;

pub use self::update::{Output, WorkflowFailure, WorkflowStatus, WorkflowUpdate};

/// The updates of a workflow, until it has ended.
///
/// Made by [`Api::subscribe`](crate::Api::subscribe).
pub struct WorkflowUpdates(Pin<Box<dyn Stream<Item = Result<WorkflowUpdate, Error>> + Send>>);

impl WorkflowUpdates {
    pub(crate) fn of(client: Client, workflow: &str) -> Self {
        let id = utf8_percent_encode(workflow, RESERVED);
        let state = Subscription {
            client,
            path: format!("/v1/workflow/{id}/subscribe"),
            events: None,
            last: None,
            misses: 0,
        };
        Self(Box::pin(stream::try_unfold(state, Subscription::next)))
    }
}

impl Stream for WorkflowUpdates {
    type Item = Result<WorkflowUpdate, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for WorkflowUpdates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowUpdates").finish_non_exhaustive()
    }
}

struct Subscription {
    client: Client,
    path: String,
    events: Option<Events>,
    last: Option<WorkflowUpdate>,
    /// Streams in a row that brought nothing, or again a state that may be the last.
    misses: u32,
}

impl Subscription {
    async fn next(mut self) -> Result<Option<(WorkflowUpdate, Self)>, Error> {
        if self
            .last
            .as_ref()
            .is_some_and(|last| last.status.is_terminal())
        {
            return Ok(None);
        }
        loop {
            let events = match &mut self.events {
                Some(events) => events,
                None => self.events.insert(open(&self.client, &self.path).await?),
            };
            let failed = match events.next().await {
                Some(Ok(event)) => {
                    let update: WorkflowUpdate = event.json().map_err(|e| self.failed(e))?;
                    // The first update of a new stream says again where the last one ended.
                    let is_news = self.last.as_ref() != Some(&update);
                    // A state nobody here knows may be the last one.
                    if is_news || update.status != WorkflowStatus::Unknown {
                        self.misses = 0;
                    }
                    if is_news {
                        self.last = Some(update.clone());
                        return Ok(Some((update, self)));
                    }
                    continue;
                }
                Some(Err(e)) if !matches!(e.kind(), ErrorKind::Body | ErrorKind::TimedOut) => {
                    return Err(e);
                }
                Some(Err(e)) => Some(e),
                None => None,
            };
            self.events = None;
            self.misses += 1;
            if self.misses > MOST_MISSES {
                let error = failed.unwrap_or_else(ended_early);
                return Err(self.failed(error));
            }
            // After every stream, for a server may close each one after its first update.
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn failed(&self, error: Error) -> Error {
        error.with_call(&Method::GET, &self.path)
    }
}

fn ended_early() -> Error {
    BodyFailed::new(StatusCode::OK, "subscription ended before the run".into()).into()
}

async fn open(client: &Client, path: &str) -> Result<Events, Error> {
    let timeouts = Timeouts::new().without_total().stall(SILENCE);
    Events::open(client.get(path).timeouts(timeouts)).await
}

/// All but the unreserved characters of RFC 3986 §2.3, without the dot, which would make `..`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
/// Updates come about every 2 s.
const SILENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(2);
const MOST_MISSES: u32 = 5;
