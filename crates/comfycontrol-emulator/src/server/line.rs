//! What the tasks of one connection tell each other.

use tokio::sync::watch;

use super::early_hints::EarlyHints;
use crate::network::Cut;

/// One connection, as its requests see it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) cut: Cut,
    pub(super) early_hints: EarlyHints,
    phase: watch::Sender<Phase>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Phase {
    /// Whether a request has come.
    pub(super) spoken: bool,
    /// Requests whose response has not ended.
    pub(super) under_way: usize,
    /// Whether no further request is taken.
    pub(super) goes_away: bool,
}

/// A request whose response has not ended.
#[derive(Debug)]
pub(super) struct UnderWay(watch::Sender<Phase>);

impl Line {
    pub(super) fn new() -> Self {
        Self {
            cut: Cut::default(),
            early_hints: EarlyHints::default(),
            phase: watch::Sender::new(Phase::default()),
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// A request has come.
    pub(super) fn begin(&self) -> UnderWay {
        self.phase.send_modify(|phase| {
            phase.spoken = true;
            phase.under_way += 1;
        });
        UnderWay(self.phase.clone())
    }

    /// No further request is taken.
    pub(super) fn go_away(&self) {
        self.phase.send_modify(|phase| phase.goes_away = true);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|phase| phase.under_way -= 1);
    }
}
