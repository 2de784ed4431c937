//! Following a workflow until it has ended.

mod update;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::update::{Cause, Output, Status, Update};
use crate::error::BodyFailed;
use crate::{Client, Error, ErrorKind, Events, Timeouts};

impl Client {
    /// Follows a workflow until it has ended.
    ///
    /// The server closes such a stream after some minutes whether or not the run has ended; it is
    /// opened again after 2 s, each time at the cost of one request, and the stream goes on. It ends
    /// after the first [terminal](Status::is_terminal) update, and without one only by an error.
    ///
    /// # Errors
    ///
    /// An error is the last item. It comes if the subscription cannot be opened, if an event is not
    /// an [`Update`], and with [`ErrorKind::Body`] or [`ErrorKind::TimedOut`] once six streams in
    /// a row have brought nothing, or nothing but the same [unknown](Status::Unknown) state: the run
    /// may still be going on then.
    ///
    /// ```no_run
    /// # async fn run(client: comfycontrol::Client) -> Result<(), comfycontrol::Error> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut updates = client.subscribe("550e8400-e29b-41d4-a716-446655440000");
    /// while let Some(update) = updates.try_next().await? {
    ///     println!("{:?}", update.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn subscribe(&self, workflow: &str) -> Updates {
        let id = utf8_percent_encode(workflow, RESERVED);
        let state = Subscription {
            client: self.clone(),
            path: format!("/v1/workflow/{id}/subscribe"),
            events: None,
            last: None,
            misses: 0,
        };
        Updates(Box::pin(stream::try_unfold(state, Subscription::next)))
    }
}

/// The updates of a workflow, until it has ended.
pub struct Updates(Pin<Box<dyn Stream<Item = Result<Update, Error>> + Send>>);

impl Stream for Updates {
    type Item = Result<Update, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Updates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updates").finish_non_exhaustive()
    }
}

struct Subscription {
    client: Client,
    path: String,
    events: Option<Events>,
    last: Option<Update>,
    /// Streams in a row that brought nothing, or again a state that may be the last.
    misses: u32,
}

impl Subscription {
    async fn next(mut self) -> Result<Option<(Update, Self)>, Error> {
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
                    let update: Update = event.json().map_err(|e| self.failed(e))?;
                    // The first update of a new stream says again where the last one ended.
                    let is_news = self.last.as_ref() != Some(&update);
                    // A state nobody here knows may be the last one.
                    if is_news || update.status != Status::Unknown {
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
        error.during(&Method::GET, &self.path)
    }
}

fn ended_early() -> Error {
    BodyFailed::new(StatusCode::OK, "subscription ended before the run".into()).into()
}

async fn open(client: &Client, path: &str) -> Result<Events, Error> {
    let timeouts = Timeouts {
        total: None,
        ..client.timeouts().stall(SILENCE)
    };
    client.get(path).timeouts(timeouts).events().await
}

/// All but the unreserved characters of RFC 3986 §2.3, without the dot, which would make `..`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
/// Updates come about every 2 s.
const SILENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(2);
const MOST_MISSES: u32 = 5;
