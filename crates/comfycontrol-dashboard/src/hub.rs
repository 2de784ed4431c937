//! What all handles and streams of one dashboard share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::clock;
use crate::metrics::Scrape;
use crate::state::State;
use crate::streams::Streams;
use crate::watched::Watched;

#[derive(Debug)]
pub(crate) struct Hub {
    watched: Watched,
    started: SystemTime,
    streams: Mutex<Streams>,
    is_stopping: AtomicBool,
    stopping: Arc<Notify>,
}

impl Hub {
    pub(crate) fn new(watched: Watched, max_streams: usize) -> Self {
        Self {
            watched,
            started: clock::wall(),
            streams: Mutex::new(Streams::new(max_streams)),
            is_stopping: AtomicBool::new(false),
            stopping: Arc::default(),
        }
    }

    /// All of it now, with the seconds from number `since` on.
    pub(crate) fn state(&self, since: u64) -> State {
        let times = (clock::now(), clock::wall());
        self.watched
            .state(self.is_stopping(), times, self.started, since)
    }

    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        self.watched.reasons(self.is_stopping(), clock::wall())
    }

    pub(crate) fn scrape(&self) -> Scrape {
        let (now, wall) = (clock::now(), clock::wall());
        Scrape {
            now,
            streams: self.streams.lock().len(),
            ..self.watched.scrape(self.is_stopping(), now, wall)
        }
    }

    /// Ends all streams.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.stopping.notify_waiters();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Is ready once it [stops](Self::stop) after this.
    pub(crate) fn stopped(&self) -> OwnedNotified {
        self.stopping.clone().notified_owned()
    }

    pub(crate) fn open_stream(&self) -> Option<u64> {
        self.streams.lock().open(clock::now())
    }

    /// The stream is read; returns whether it goes on.
    pub(crate) fn read_stream(&self, number: u64) -> bool {
        self.streams.lock().read(clock::now(), number)
    }

    pub(crate) fn close_stream(&self, number: u64) {
        self.streams.lock().close(number);
    }
}
