//! A stream of server-sent events: the state, once a second.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::hub::Hub;

/// Has a place among the streams until it is dropped. Nothing is made before it is read.
pub(crate) struct Events {
    hub: Arc<Hub>,
    number: u64,
    ticks: Interval,
    stopped: Pin<Box<OwnedNotified>>,
    /// The second from which on it tells what has ended.
    since: u64,
    is_open: bool,
}

impl Events {
    /// How often it tells.
    const PERIOD: Duration = Duration::from_secs(1);

    /// What comes first: after how long a browser comes back when the stream has ended.
    const RETRY: &str = "retry: 2000\n";

    /// `None` if there are as many as may be, or at the end.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with time enabled.
    pub(crate) fn open(hub: &Arc<Hub>) -> Option<Self> {
        // Before it is asked whether it stops, so that no stop is missed.
        let stopped = Box::pin(hub.stopped());
        if hub.is_stopping() {
            return None;
        }
        let number = hub.open_stream()?;
        let mut ticks = interval(Self::PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(Self {
            hub: hub.clone(),
            number,
            ticks,
            stopped,
            since: 0,
            is_open: false,
        })
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.stopped.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        ready!(self.ticks.poll_tick(cx));
        if !self.hub.read_stream(self.number) {
            return Poll::Ready(None);
        }
        let state = self.hub.state(self.since);
        if let Some(calls) = &state.calls {
            // The newest second is not over, and is told again.
            self.since = calls.newest();
        }
        let retry = if self.is_open { "" } else { Self::RETRY };
        self.is_open = true;
        // A state has no keys and numbers that JSON has not.
        let data = serde_json::to_string(&state).unwrap_or_default();
        Poll::Ready(Some(format!("{retry}data: {data}\n\n").into()))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.hub.close_stream(self.number);
    }
}
