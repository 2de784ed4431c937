//! What became of one call, told once it is over.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol::priority::Key;
use comfycontrol::rate_limit::{Progress, Step, Tracker};
use comfycontrol_core::mask_secrets;
use http::request::Parts;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::clock;

/// A call that is over: its response has been sent to the last byte, or will not be.
///
/// Given to [`on_finished`](crate::GatewayBuilder::on_finished). It holds no query, no header but
/// the caller's name, and no token.
#[derive(Clone, Debug)]
pub struct FinishedCall {
    method: Method,
    path: String,
    caller: Option<Key>,
    status: Option<StatusCode>,
    waited: Duration,
    took: Duration,
    sent: u64,
    ending: Ending,
}

/// How a call has ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Ending {
    /// The caller has its whole response.
    Whole,
    /// The API's response broke off, and so has that to the caller.
    Cut,
    /// The caller has gone.
    CallerGone,
    /// It was an event stream, and the gateway stops.
    Stopped,
}

impl FinishedCall {
    /// The method of the call.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path of the call without the query, tokens masked.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The caller whose call it was, if that is known.
    pub fn caller(&self) -> Option<&Key> {
        self.caller.as_ref()
    }

    /// The status of the response; `None` if the caller had gone before.
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// How long it waited for its first slot, once its body had been read; zero if it never came to
    /// that.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// How long the call took in all, from its head to the last byte of its response.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// How many bytes of the response's body were handed to the connection.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// How the call has ended.
    pub fn ending(&self) -> Ending {
        self.ending
    }
}

pub(crate) type Observer = Arc<dyn Fn(&FinishedCall) + Send + Sync>;

/// A call that is not over. When it is dropped, it is.
pub(crate) struct Record {
    observer: Option<Observer>,
    arrived: Instant,
    queued: Option<Instant>,
    left: Option<Instant>,
    responded: Option<Instant>,
    progress: Option<Progress>,
    is_gone: bool,
    told: FinishedCall,
}

impl Record {
    pub(crate) fn new(head: &Parts, observer: Option<Observer>) -> Self {
        let path = match observer {
            Some(_) => mask_secrets(head.uri.path()).into_owned(),
            None => String::new(),
        };
        Self {
            observer,
            arrived: clock::now(),
            queued: None,
            left: None,
            responded: None,
            progress: None,
            is_gone: false,
            told: FinishedCall {
                method: head.method.clone(),
                path,
                caller: None,
                status: None,
                waited: Duration::ZERO,
                took: Duration::ZERO,
                sent: 0,
                ending: Ending::CallerGone,
            },
        }
    }

    pub(crate) fn set_caller(&mut self, caller: Option<&Key>) {
        self.told.caller = caller.cloned();
    }

    /// It is no call of the API, and is not told of.
    pub(crate) fn forget(&mut self) {
        self.observer = None;
    }

    /// Follows the call from here on: now it waits for its slot.
    pub(crate) fn track(&mut self) -> Tracker {
        self.queued = Some(clock::now());
        let (tracker, progress) = Progress::new();
        self.progress = Some(progress);
        tracker
    }

    /// Whether its request has left for the API, once at least.
    pub(crate) fn has_left(&mut self) -> bool {
        if let (None, Some(Step::Left(at))) =
            (self.left, self.progress.as_ref().and_then(Progress::step))
        {
            self.left = Some(at);
        }
        self.left.is_some()
    }

    pub(crate) fn respond(&mut self, status: StatusCode) {
        self.has_left();
        self.progress = None;
        self.responded = Some(clock::now());
        self.told.status = Some(status).filter(|_| !self.is_gone);
    }

    /// The caller has gone, and what is still said to it is not heard.
    pub(crate) fn caller_has_gone(&mut self) {
        self.is_gone = true;
    }

    /// Whether its response is a head alone.
    pub(crate) fn is_of_head(&self) -> bool {
        self.told.method == Method::HEAD
    }

    pub(crate) fn sent(&mut self, bytes: u64) {
        self.told.sent += bytes;
    }

    pub(crate) fn end(&mut self, ending: Ending) {
        if !self.is_gone {
            self.told.ending = ending;
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Some(observer) = self.observer.take() else {
            return;
        };
        self.has_left();
        let now = clock::now();
        let waited_until = self.left.or(self.responded).unwrap_or(now);
        self.told.waited = self.queued.map_or(Duration::ZERO, |at| {
            waited_until.saturating_duration_since(at)
        });
        self.told.took = now.saturating_duration_since(self.arrived);
        observer(&self.told);
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}
