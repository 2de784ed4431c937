use std::time::Duration;

use comfycontrol::{BodyFailed, Client, Error, ErrorKind, InvalidPath, Timeouts, path_segments};
use futures_util::StreamExt;
use http::{Method, StatusCode};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::details;
use super::said::Said;
use super::silence_limit::{PAUSE, SilenceLimit};
use super::status::WorkflowStatus;
use super::update::WorkflowUpdate;
use crate::Events;

/// A run that is being followed.
///
/// Its events tell how it goes on. What a stream has not said at its end is asked for, and where
/// there are no events, everything is.
pub(super) struct Following {
    client: Client,
    path: Result<String, InvalidPath>,
    silence: SilenceLimit,
    last: Option<WorkflowUpdate>,
    events: Option<Events>,
    /// Until when they are to tell a known state, where they told an unknown one.
    until: Option<Instant>,
    source: Source,
    /// Streams in a row without a state of the run.
    fruitless: u32,
    /// Requests in a row that told nothing new.
    unchanged: u32,
    next_request: Instant,
    /// What the last stream has failed with, if the run was not heard of otherwise.
    failure: Option<Error>,
}

/// Where the next state comes from.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Source {
    Events,
    /// Once the state is asked for, then there are events again.
    AskOnce,
    Ask,
}

impl Following {
    pub(super) fn new(client: Client, workflow: &str) -> Self {
        Self {
            client,
            path: path_segments(["v1", "workflow", workflow]),
            silence: SilenceLimit::new(GIVE_UP_AFTER),
            last: None,
            events: None,
            until: None,
            source: Source::Events,
            fruitless: 0,
            unchanged: 0,
            next_request: now(),
            failure: None,
        }
    }

    pub(super) fn give_up_after(&mut self, silence: Duration) {
        self.silence = SilenceLimit::new(silence);
    }

    pub(super) async fn next(mut self) -> Result<Option<(WorkflowUpdate, Self)>, Error> {
        if self.last.as_ref().is_some_and(WorkflowUpdate::is_terminal) {
            return Ok(None);
        }
        let path = self.path.clone()?;
        self.silence.begin(now());
        loop {
            let source = self.source;
            let heard = match source {
                Source::Events => self.watch(&path).await,
                Source::AskOnce => details::ask(&self.client, &path).await.map(Some),
                Source::Ask => {
                    sleep_until(self.next_request).await;
                    let heard = details::ask(&self.client, &path).await;
                    self.unchanged += 1;
                    let interval = (PAUSE * self.unchanged).min(LONGEST_INTERVAL);
                    self.next_request = now() + interval;
                    heard.map(Some)
                }
            };
            // What an older failure asked for was waited for.
            let asked_to_wait = heard.as_ref().err().and_then(Error::retry_after);
            match heard {
                Ok(Some(update)) => {
                    if self.takes(&update) {
                        return Ok(Some((update, self)));
                    }
                    if self.silence.is_over(now()) {
                        return Err(self.given_up(&path));
                    }
                    continue;
                }
                Ok(None) => self.failure = None,
                Err(e) if source == Source::Events && has_no_events(&e) => {
                    self.source = Source::Ask;
                    continue;
                }
                // What cannot be read is not a state; what comes next may tell it.
                Err(e) if e.kind() == ErrorKind::Decode => {
                    self.failure.get_or_insert(e);
                }
                // An event without end says nothing, and the next stream may be sound.
                Err(e) if source == Source::Events && e.kind() == ErrorKind::BodyTooLarge => {
                    self.failure = Some(e);
                }
                Err(e) if e.is_retryable() => self.failure = Some(e),
                Err(e) => return Err(named(e, &path)),
            }
            self.source = match source {
                Source::Events => Source::AskOnce,
                Source::AskOnce => Source::Events,
                Source::Ask => Source::Ask,
            };
            let Some(wait) = self.silence.wait(now(), asked_to_wait) else {
                return Err(self.given_up(&path));
            };
            sleep(wait).await;
        }
    }

    fn given_up(&mut self, path: &str) -> Error {
        named(self.failure.take().unwrap_or_else(ended_early), path)
    }

    /// Takes in the state of the run; whether it is news.
    fn takes(&mut self, update: &WorkflowUpdate) -> bool {
        let asked = self.source != Source::Events;
        let is_news = self.last.as_ref().is_none_or(|last| match asked {
            // The two sources differ in details.
            true => last.status != update.status,
            // The first update of a new stream says again where the last one ended.
            false => last != update,
        });
        // In an event, a state that is not known here may be none of the run; asked for, it may be
        // the last one.
        let is_sign = is_news && (asked || is_known(update));
        // A stream that says the same and fails, again and again, is not a sign of life.
        if is_sign || asked {
            self.failure = None;
        }
        if is_sign || is_known(update) && self.failure.is_none() {
            self.silence.heard(now());
        }
        match self.source {
            Source::Events => self.fruitless = 0,
            Source::AskOnce if self.fruitless >= MOST_FRUITLESS => self.source = Source::Ask,
            Source::AskOnce => self.source = Source::Events,
            Source::Ask => {}
        }
        if is_news {
            self.last = Some(update.clone());
            self.unchanged = 0;
        }
        is_news
    }

    /// Whether a state is not known here, and the one that was told last.
    fn is_same_unknown(&self, update: &WorkflowUpdate) -> bool {
        !is_known(update) && self.last.as_ref() == Some(update)
    }

    /// The next state that a stream of events tells; `None` if it ends.
    async fn watch(&mut self, path: &str) -> Result<Option<WorkflowUpdate>, Error> {
        let until = self.until.take().unwrap_or_else(|| now() + SILENCE);
        let mut events = match self.events.take() {
            Some(events) => events,
            None => {
                let events = open(&self.client, path).await?;
                self.fruitless += 1;
                events
            }
        };
        // However much else comes: a proxy may hold the states back, and let comments through.
        while let Ok(Some(event)) = timeout_at(until, events.next()).await {
            match Said::by(&event?)? {
                // What says the same again and again may be no state of the run at all.
                Said::State(update) if self.is_same_unknown(&update) => {}
                Said::State(update) => {
                    self.events = Some(events);
                    self.until = (!is_known(&update)).then_some(until);
                    return Ok(Some(*update));
                }
                Said::Failed(error) => return Err(named(error.into(), path)),
                Said::Nothing => {}
            }
        }
        Ok(None)
    }
}

fn is_known(update: &WorkflowUpdate) -> bool {
    !matches!(update.status, WorkflowStatus::Unknown(_))
}

/// Whether the API, or what stands before it, has no events to give.
fn has_no_events(error: &Error) -> bool {
    let refused = error.status().is_some_and(|status| {
        let refused = [
            StatusCode::NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED,
            StatusCode::NOT_ACCEPTABLE,
            StatusCode::GONE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::NOT_IMPLEMENTED,
        ];
        refused.contains(&status)
    });
    (error.kind() == ErrorKind::Api && refused)
        || error
            .as_cause::<comfycontrol::UnexpectedContentType>()
            .is_some()
}

#[expect(clippy::disallowed_methods, reason = "this is the shell")]
fn now() -> Instant {
    Instant::now()
}

fn named(error: Error, path: &str) -> Error {
    error.with_call(&Method::GET, path)
}

fn ended_early() -> Error {
    BodyFailed::new(StatusCode::OK, "subscription ended before the run".into()).into()
}

async fn open(client: &Client, path: &str) -> Result<Events, Error> {
    let timeouts = Timeouts::new().without_total().stall(SILENCE);
    Events::open(client.get(format!("{path}/subscribe")).timeouts(timeouts)).await
}

/// Updates come about every 2 s.
const SILENCE: Duration = Duration::from_secs(30);
const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 60);
/// Between two requests for the state of a run that stays the same.
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);
const MOST_FRUITLESS: u32 = 2;
