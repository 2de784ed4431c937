//! What is watched, and a look at it.

use std::time::SystemTime;

use comfycontrol_priority::PriorityLimiter;
use comfycontrol_rate_limit::{Limiter, Snapshot};
use comfycontrol_token::TokenProvider;
use tokio::time::Instant;

use crate::metrics::{CallMetrics, Scrape};
use crate::readiness;
use crate::shared::Shared;
use crate::state::{Budget, Ended, Queue, Secret, State, calendar};

#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    pub(crate) limiter: Option<Limiter>,
    pub(crate) priority: Option<PriorityLimiter>,
    pub(crate) token: Option<TokenProvider>,
    pub(crate) records: Option<Shared>,
}

impl Watched {
    /// All of it, with the seconds from number `since` on.
    pub(crate) fn state(
        &self,
        is_stopping: bool,
        (now, wall): (Instant, SystemTime),
        started: SystemTime,
        since: u64,
    ) -> State {
        let budget = self.budget();
        let token = self.token.as_ref().map(TokenProvider::snapshot);
        let fleet = budget.as_ref().and_then(Snapshot::fleet);
        let queue = self.priority.as_ref();
        State {
            now: calendar(wall),
            started: calendar(started),
            reasons: readiness::reasons(is_stopping, token.as_ref(), fleet, wall),
            budget: budget
                .as_ref()
                .zip(self.limiter())
                .map(|(seen, limiter)| Budget::of(seen, &limiter.forecast(Budget::POINTS), now)),
            queue: queue.map(|queue| Queue::of(&queue.snapshot_of(Queue::LINES))),
            token: token.as_ref().map(Secret::of),
            calls: self
                .records
                .as_ref()
                .map(|records| records.with(|records| Ended::of(records, now, since))),
        }
    }

    /// Why calls are better sent elsewhere. Where that is the token, its source is read if that
    /// is due: without calls nothing else would.
    pub(crate) fn reasons(&self, is_stopping: bool, wall: SystemTime) -> Vec<&'static str> {
        let budget = self.budget();
        let fleet = budget.as_ref().and_then(Snapshot::fleet);
        let token = self.token.as_ref().map(|provider| {
            let token = provider.snapshot();
            if readiness::without_token(&token, wall).is_some() {
                provider.refresh();
            }
            token
        });
        readiness::reasons(is_stopping, token.as_ref(), fleet, wall)
    }

    /// All of it in numbers, but for the streams.
    pub(crate) fn scrape(&self, is_stopping: bool, now: Instant, wall: SystemTime) -> Scrape {
        let budget = self.budget();
        let token = self.token.as_ref().map(TokenProvider::snapshot);
        let fleet = budget.as_ref().and_then(Snapshot::fleet);
        let reasons = readiness::reasons(is_stopping, token.as_ref(), fleet, wall);
        let records = self.records.as_ref();
        Scrape {
            now,
            is_ready: reasons.is_empty(),
            streams: 0,
            budget,
            queue: self.priority.as_ref().map(|queue| queue.snapshot_of(0)),
            token,
            calls: records.map(|records| records.with(|records| CallMetrics::of(records))),
        }
    }

    fn budget(&self) -> Option<Snapshot> {
        self.limiter().map(Limiter::snapshot)
    }

    fn limiter(&self) -> Option<&Limiter> {
        let behind = self.priority.as_ref().map(PriorityLimiter::limiter);
        self.limiter.as_ref().or(behind)
    }
}
