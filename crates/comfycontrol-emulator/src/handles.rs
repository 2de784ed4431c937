//! What a test holds while the emulator runs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::shared::Shared;
use crate::{FaultRule, Limit, ResponseLog, Stats, Throttled, TokenInfo, Tokens, clock};

/// Reads the statistics of a running emulator's edge and changes its settings.
///
/// Clones are the same edge.
#[derive(Clone, Debug)]
pub struct EdgeHandle {
    shared: Arc<Shared>,
}

impl EdgeHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Counts of what the edge has decided so far, every request that has arrived included.
    pub fn stats(&self) -> Stats {
        self.shared.now().pipeline.edge.stats()
    }

    /// How many requests arrived.
    pub fn requests(&self) -> u64 {
        self.stats().requests()
    }

    /// Requests that got a 429 by the limit.
    pub fn throttled(&self) -> u64 {
        self.stats().throttled()
    }

    /// The highest estimate a decision was made on, in 1/1000 of a request; see [`Stats::worst`].
    pub fn worst(&self) -> u64 {
        self.stats().worst()
    }

    /// Watches the responses that the listeners send from now on.
    pub fn log(&self) -> ResponseLog {
        self.shared.log.watch()
    }

    /// Replaces the limit, or switches it off; see [`Edge::set_limit`](crate::Edge::set_limit).
    pub fn set_limit(&self, limit: impl Into<Option<Limit>>) {
        self.shared.now().pipeline.edge.set_limit(limit);
    }

    /// Changes the form of the 429s.
    pub fn set_throttled(&self, throttled: Throttled) {
        self.shared.now().pipeline.throttled = throttled;
    }

    /// The emulator's time of day.
    pub fn wall_clock(&self) -> SystemTime {
        let now = clock::now();
        self.shared.at(now).pipeline.edge.wall_clock(now)
    }

    /// Sets the emulator's time of day, forward or back; the limit does not notice.
    pub fn set_wall_clock(&self, wall_clock: SystemTime) {
        let now = clock::now();
        self.shared
            .at(now)
            .pipeline
            .edge
            .set_wall_clock(now, wall_clock);
    }
}

/// Makes, revokes and looks up the tokens that a running emulator accepts.
///
/// Clones are the same account.
///
/// HTTP cannot make a token, as in the API. An emulator made
/// [`without_api`](crate::EmulatorBuilder::without_api) asks for no token and keeps none.
#[derive(Clone, Debug)]
pub struct TokenStore {
    shared: Arc<Shared>,
}

impl TokenStore {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes a token, shown here and never again; it expires `expires_in` from now, if at all.
    #[must_use = "the token is shown only once"]
    pub fn create(&self, name: &str, expires_in: Option<Duration>) -> String {
        let now = clock::now();
        let mut state = self.shared.at(now);
        let expires =
            expires_in.and_then(|wait| state.pipeline.edge.wall_clock(now).checked_add(wait));
        match state.pipeline.edge.tokens_mut() {
            Some(tokens) => tokens.create(name, expires),
            None => Tokens::new().create(name, expires),
        }
    }

    /// Accepts a token of the caller's choice from now on.
    pub fn insert(&self, name: &str, plain: &str, expires_in: Option<Duration>) {
        let now = clock::now();
        let mut state = self.shared.at(now);
        let expires =
            expires_in.and_then(|wait| state.pipeline.edge.wall_clock(now).checked_add(wait));
        if let Some(tokens) = state.pipeline.edge.tokens_mut() {
            tokens.insert(name, plain, expires);
        }
    }

    /// Accepts the tokens of this name no longer; returns whether there was one.
    pub fn revoke(&self, name: &str) -> bool {
        let mut state = self.shared.now();
        state
            .pipeline
            .edge
            .tokens_mut()
            .is_some_and(|tokens| tokens.revoke(name))
    }

    /// When a request was last admitted with the token of this name.
    pub fn last_used(&self, name: &str) -> Option<SystemTime> {
        self.find(name)?.last_used()
    }

    /// What is known of the token of this name.
    pub fn find(&self, name: &str) -> Option<TokenInfo> {
        let state = self.shared.now();
        state.pipeline.edge.tokens()?.find(name).cloned()
    }
}

/// Adds and ends the faults of a running emulator.
///
/// Clones are the same faults.
#[derive(Clone, Debug)]
pub struct FaultHandle {
    shared: Arc<Shared>,
}

impl FaultHandle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Adds a rule, to be asked after those that are there.
    pub fn add(&self, rule: FaultRule) {
        self.shared.now().pipeline.faults.add(rule);
    }

    /// Ends all rules.
    pub fn clear(&self) {
        self.shared.now().pipeline.faults.clear();
    }
}
